using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Records;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Engine;

/// <summary>
/// A run in a transaction (<see cref="IdempotencyOptions.Transactional"/>): the record and what the action wrote are committed together, or
/// neither is. So nothing leaves before the commit, and a failed commit is a refusal, where elsewhere the true answer is sent and the
/// record tried again. Only the record of a failure that blocks stands by itself.
/// </summary>
internal sealed partial class IdempotentExecution
{
    private const string TooLarge =
        "the response is larger than MaxResponseBodySize, or is streamed, and cannot be held until the transaction is committed.";
    private const string Cut = "the response may have been cut short, because the time of the operation was up.";
    private const string CannotBeKept = "the response cannot be kept whole, because of how it is framed or written.";
    private const string CannotBeCommitted =
        "the database refused to commit it. A command in it had failed before, or a constraint that is checked at the end is violated.";

    private Winner? _winner;

    /// <summary>Why the request is refused although its handler ran; null when it is not.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>Takes back all that the handler made of the response, so that a refusal can be sent in its place.</summary>
    /// <returns>False when bytes of it have left already.</returns>
    public bool TryWithdraw()
    {
        Restore();
        return _response.TryReset();
    }

    private async ValueTask<HandlerResult> RunInUnitOfWorkAsync<TNext>(HandlerCall<TNext> call, TNext next)
    {
        HandlerResult? ended = null;
        try
        {
            await _request.Claim!.RunAsync(async () => ended = await RunHandlerAsync(call, next));
        }
        catch (Exception exception) when (ended is null && exception is not IdempotencyUnitOfWorkException)
        {
            // The transaction could not begin, and the handler was not called.
            _services.Faults.Unavailable(exception, _request.KeyHash);
            Refusal = new(RejectionKind.StoreUnavailable);
            return HandlerResult.Returned(null);
        }

        var result = ended ?? throw new InvalidOperationException(
            "The store did not run the action: IdempotencyClaim.RunAsync must call it exactly once.");
        // The client's retry takes the place of the retry that an execution strategy would make.
        if (result.Failure is not { } failure)
            return result;

        // Where the client of a database gives no SQLSTATE, the store does.
        var explained = _request.Claim.Explain(failure);
        if (TransactionConflict.Is(explained ?? failure))
            Refuse(RejectionKind.TransactionConflict, failure);
        if (explained is null)
            return result;

        result.Forget();
        return HandlerResult.Threw(explained);
    }

    private async ValueTask<Verdict> SettleUnitOfWorkAsync(Exception? failure)
    {
        var verdict = Judgement.Of(Facts(failure));
        if (verdict is Verdict.KeepNotReplayable && failure is null)
            Refuse(RejectionKind.RolledBack, null, _response.IsOverCap ? TooLarge : _lifetime.HasFired ? Cut : CannotBeKept);
        if (Refusal is not null || verdict is Verdict.KeepNotReplayable)
            verdict = FailedVerdict;

        _request.Settle();
        if (verdict is Verdict.Block)
            return await BlockAsync();
        if (verdict is not Verdict.Release)
            return await CommitAsync(verdict);
        if (Refusal is null)
            return await ReleaseAsync();

        await _request.ReleaseAsync();
        return verdict;
    }

    /// <summary>What becomes of the key of an action whose transaction does not stand. It may have done something outside.</summary>
    private Verdict FailedVerdict => Judgement.Of(Facts(failure: null) with { Threw = true, IsWanted = false });

    /// <summary>
    /// What the action wrote goes; that it may have had an effect outside stays. That record stands by itself, so it is tried again like
    /// any other. It takes the place of none that is perhaps committed: the claim is over then.
    /// </summary>
    private async ValueTask<Verdict> BlockAsync()
    {
        try
        {
            await _request.Claim!.RollBackAsync();
        }
        catch (Exception exception)
        {
            Refuse(RejectionKind.CommitFailed, exception);
            _request.Claim!.Abandon();
            await _request.ReleaseAsync();
            return Verdict.Release;
        }

        return await RecordAsync(Verdict.Block, overflowed: false);
    }

    private async ValueTask<Verdict> CommitAsync(Verdict verdict)
    {
        var fingerprint = await _fingerprint.FinishAsync(Options.RequestDrainTimeout, _services.TimeProvider, CancellationToken.None);
        _services.NoteBody(_request, fingerprint);
        var completion = await TryCommitAsync(verdict, fingerprint);
        if (completion.Outcome is CompletionOutcome.Stored or CompletionOutcome.Restored)
        {
            _recorded = verdict;
            _request.Completed(new(default, BufferIsInUse: false, GoesOn: false));
            LogRecord(verdict, overflowed: false);
            return verdict;
        }

        if (completion.Outcome is CompletionOutcome.Superseded)
        {
            TakeWinner(completion, fingerprint);
        }
        else if (FailedVerdict is Verdict.Block)
        {
            return await BlockAsync();
        }
        else if (completion.Outcome is CompletionOutcome.None && Options.WhenInterrupted is InterruptedBehavior.Block)
        {
            // Nobody can say what became of the action, so the key must not become free.
            _request.Claim!.Abandon();
        }

        await _request.ReleaseAsync();
        return Verdict.Release;
    }

    /// <returns>The store's answer; none when it gave none. Anything but a stored record has a refusal by then.</returns>
    private async ValueTask<Completion> TryCommitAsync(Verdict verdict, Fingerprint fingerprint)
    {
        try
        {
            var written = RecordOf(verdict, fingerprint).Write();
            var completion = await _services.Retrier.CommitAsync(
                _request.ToComplete(), written.Sequence, _request.WishedRetention ?? Options.Retention);
            written.Dispose();
            RefuseAfter(completion);
            return completion;
        }
        catch (Exception exception)
        {
            // The store may still read the buffers.
            _bufferIsInUse = true;
            Refuse(RejectionKind.CommitFailed, exception);
            return default;
        }
    }

    private void RefuseAfter(in Completion completion)
    {
        switch (completion.Outcome)
        {
            case CompletionOutcome.LeaseLost:
                Refuse(RejectionKind.InFlight, completion.Reason);
                break;
            case CompletionOutcome.Conflict:
                Refuse(RejectionKind.TransactionConflict, completion.Reason);
                break;
            case CompletionOutcome.Refused:
                Refuse(RejectionKind.RolledBack, completion.Reason, CannotBeCommitted);
                break;
            case CompletionOutcome.TooLarge:
                Refuse(RejectionKind.RolledBack, completion.Reason, TooLarge);
                break;
            case CompletionOutcome.None:
                throw new InvalidOperationException(
                    "The store answered a completion with None: it must return one of the results of Completion.");
        }
    }

    /// <summary>Another execution committed first, and what this one did is undone: its own answer would be a lie.</summary>
    private void TakeWinner(Completion completion, in Fingerprint fingerprint)
    {
        Log.Superseded(_services.Logger, _request.KeyHash);
        _winner = new Winner(completion);
        if (!_services.Protection.TryRead(_request.StorageKey.Value, completion.Winner, out var record))
            Refusal = new(RejectionKind.RecordUnreadable);
        else if (record.Fingerprint.Matches(fingerprint) is false)
            Refusal = new(RejectionKind.KeyReused);
        else if (RejectionKind.Of(record.Flags) is { } kind)
            Refusal = new(kind);
        else
            _winner = _winner with { Record = record };
    }

    private void Refuse(RejectionKind kind, Exception? reason, string? problem = null)
    {
        // The first reason is the cause of the others.
        if (Refusal is not null)
            return;

        Refusal = new(kind, problem);
        Log.RolledBack(_services.Logger, reason, _request.KeyHash, kind.Code, problem ?? reason?.Message ?? "");
    }

    /// <summary>The record of another execution, which is sent instead.</summary>
    private sealed record Winner(Completion Completion)
    {
        public ResponseRecord Record { get; init; }
    }
}
