using System.Security.Cryptography;
using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>The terms of a claim, as statements take them.</summary>
/// <param name="Owner">The token of the claim. A repetition has the same, so it finds what an earlier attempt wrote.</param>
/// <param name="State">What the row is while the key is claimed.</param>
/// <param name="Lease">How long the claim lasts unrenewed.</param>
/// <param name="Block">How long the key stays closed without renewal, the lease included; null = until it is resolved.</param>
/// <param name="Retention">How long the record is kept, counted from the claim; null = for ever.</param>
/// <param name="Over">Whether the claim may be made over a record.</param>
internal sealed record RowTerms(byte[] Owner, RowState State, TimeSpan Lease, TimeSpan? Block, TimeSpan? Retention, bool Over)
{
    private const int OwnerLength = 16;

    public static RowTerms Of(in ClaimOptions options)
    {
        var blocks = options.WhenInterrupted is InterruptedBehavior.Block;
        return new(
            NewOwner(),
            blocks ? RowState.ClaimedAndBlocks : RowState.Claimed,
            options.Lease,
            blocks ? options.Lease + options.BlockFor : options.Lease,
            options.Retention,
            options.OverCompleted);
    }

    public static byte[] NewOwner() => RandomNumberGenerator.GetBytes(OwnerLength);
}
