using System.Buffers;
using Idempotency.Filters.CampaignWorker.History;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.CampaignWorker.Stores;

/// <summary>A claim that says when it writes its record.</summary>
internal sealed class ObservedClaim(IdempotencyClaim claim, CrashPoints points) : IdempotencyClaim
{
    public override CancellationToken Lost => claim.Lost;

    public override long? FencingToken => claim.FencingToken;

    public override ReadOnlySequence<byte>? PreviousRecord => claim.PreviousRecord;

    public override ValueTask RunAsync(Func<Task> action) => claim.RunAsync(action);

    public override ValueTask RollBackAsync() => claim.RollBackAsync();

    public override async ValueTask<Completion> CompleteAsync(
        ReadOnlySequence<byte> record, TimeSpan? retention, CancellationToken cancellationToken)
    {
        points.Reach(CrashPoint.BeforeCommit);
        points.Reach(CrashPoint.DuringCommit);
        var completion = await claim.CompleteAsync(record, retention, cancellationToken);
        points.Reach(CrashPoint.AfterCommit);
        return completion;
    }

    public override void Abandon() => claim.Abandon();

    public override ValueTask DisposeAsync() => claim.DisposeAsync();
}
