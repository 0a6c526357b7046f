using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Primitives;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Engine;

/// <summary>
/// A claim in the engine's hands. Disposed it gives the key up, once, and a store that fails meanwhile is logged: the request has its answer.
/// </summary>
internal sealed class ActiveClaim : IAsyncDisposable
{
    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(5);

    private readonly ExecutionServices _services;
    private bool _ended;
    private bool _completed;

    public ActiveClaim(IdempotencyClaim claim, string storageKey, IdempotencyOptions options, ExecutionServices services)
    {
        Claim = claim;
        StorageKey = storageKey;
        _services = services;
        Patience = (options.MaxExecutionTime ?? LongestPatience) + options.Lease;
        services.Keeper.Entered();
        services.Metrics.ExecutionStarted();
    }

    public IdempotencyClaim Claim { get; }

    public string StorageKey { get; }

    /// <summary>How long the claim can be held at most, and so how long it makes sense to go on trying to complete it.</summary>
    public TimeSpan Patience { get; }

    /// <summary>Whether an attempt to complete it failed, and so may still read the record, whatever a later attempt did.</summary>
    public bool CallFailed { get; set; }

    public KeyHash KeyHash => new(StorageKey);

    /// <summary>The store has the record: there is nothing left to give up.</summary>
    public void Completed() => _completed = true;

    /// <summary>Somebody else ends the claim now.</summary>
    public void HandOver() => End();

    public async ValueTask DisposeAsync()
    {
        if (_ended)
            return;

        using var call = _completed ? default : _services.Metrics.StoreCall("release");
        try
        {
            await Claim.DisposeAsync();
        }
        catch (Exception exception)
        {
            Log.ReleaseFailed(_services.Logger, exception, KeyHash);
        }
        finally
        {
            End();
        }
    }

    private void End()
    {
        if (_ended)
            return;
        _ended = true;
        _services.Keeper.Left();
        _services.Metrics.ExecutionEnded();
    }
}
