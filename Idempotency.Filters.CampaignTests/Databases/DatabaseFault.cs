namespace Idempotency.Filters.CampaignTests.Databases;

/// <summary>A way to take a database away. It returns when the database is back.</summary>
/// <param name="Name">How, for the summary.</param>
/// <param name="RunAsync">Takes it away for this time.</param>
internal sealed record DatabaseFault(string Name, Func<TimeSpan, Task> RunAsync);
