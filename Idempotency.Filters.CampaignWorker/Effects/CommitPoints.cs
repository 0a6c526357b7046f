using System.Data.Common;
using Idempotency.Filters.CampaignWorker.History;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Idempotency.Filters.CampaignWorker.Effects;

/// <summary>Says when a transaction of the business is committed.</summary>
internal sealed class CommitPoints(CrashPoints points) : DbTransactionInterceptor
{
    public override ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        points.Reach(CrashPoint.BeforeCommit);
        points.Reach(CrashPoint.DuringCommit);
        return new(result);
    }

    public override Task TransactionCommittedAsync(
        DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        points.Reach(CrashPoint.AfterCommit);
        return Task.CompletedTask;
    }
}
