namespace Idempotency.Filters.EntityFrameworkCore.Transactions;

/// <summary>The rollback that goes on while a replay is sent.</summary>
internal sealed class EndingUnit(Task ending) : IDisposable, IAsyncDisposable
{
    /// <summary>The connection goes back by itself.</summary>
    public void Dispose()
    {
    }

    public ValueTask DisposeAsync() => new(ending);
}
