using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>Attempts to claim keys by rows.</summary>
internal sealed class RowClaimer(RowStoreContext context)
{
    public async ValueTask<ClaimResult> AttemptAsync(
        StorageKey key, Database database, ClaimOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        var claimed = new ClaimedRow(database, RowKey.Of(key), RowTerms.Of(options));
        // Taken before the call: the lease ends here no later than in the database.
        var now = context.Renewal.Now;
        RowAnswer<RowLook> answer;
        var wasSent = false;
        try
        {
            answer = await context.Calls.RunAsync(
                database,
                (rows, connection, token) =>
                {
                    wasSent = true;
                    return rows.ClaimAsync(connection, claimed.Key, claimed.Terms, token);
                },
                cancellationToken);
        }
        catch (Exception exception) when (exception is not (IdempotencyStoreFullException or InvalidDataException))
        {
            // The database may have granted the claim, or may do so yet. Not if there never was a connection: releases would then compete
            // with the requests for the few that there are.
            if (wasSent)
                _ = context.Releases.ReleaseAsync(NewLease(inDoubt: true), granted: false, inDoubt: true);
            throw;
        }

        var look = answer.Result;
        if (look.Outcome == ClaimOutcome.Acquired)
            return ClaimResult.Acquired(new RowClaim(context, NewLease(answer.InDoubt), options, now, look));

        // The key is another's, and may be free when an earlier attempt arrives.
        if (answer.InDoubt)
            _ = context.Releases.ReleaseAsync(NewLease(inDoubt: true), granted: false, inDoubt: true);
        return look.ToResult();

        RenewedLease NewLease(bool inDoubt) =>
            new(key.Value, claimed.Terms.Owner, options, now) { InDoubt = inDoubt, State = claimed };
    }
}
