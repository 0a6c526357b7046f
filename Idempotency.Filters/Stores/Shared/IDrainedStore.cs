namespace Idempotency.Filters.Stores.Shared;

/// <summary>A store that may still have to give up claims when the application ends.</summary>
internal interface IDrainedStore : IIdempotencyStore
{
    /// <summary>Gives up what is still to be given up. Never throws.</summary>
    /// <param name="timeIsUp">Ends the attempt.</param>
    Task DrainAsync(CancellationToken timeIsUp);
}
