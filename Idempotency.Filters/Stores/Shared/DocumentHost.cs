using System.Reflection;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// Finds out whether the application was started only to have its OpenAPI document written. A build does so, where there are no servers.
/// </summary>
internal static class DocumentHost
{
    // The program of Microsoft.Extensions.ApiDescription.Server. It loads the application, runs its Program.cs and starts the host with a
    // web server that does nothing. The documentation of ASP.NET Core names it for this purpose.
    private const string Program = "GetDocument.Insider";

    public static bool IsRunning { get; } = Assembly.GetEntryAssembly()?.GetName().Name == Program;
}
