using Idempotency.Filters.EntityFrameworkCore.Model;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.EntityFrameworkCore.Rows;

/// <summary>What a row says, judged by the clock of the database.</summary>
/// <param name="Outcome">
/// As <see cref="ClaimOutcome"/>; <see cref="ClaimOutcome.None"/> when the key is free, with a row that is over or without a row.
/// </param>
/// <param name="Exists">Whether there is a row.</param>
/// <param name="Owner">Whose row it is.</param>
/// <param name="State">What the row is.</param>
/// <param name="Fencing">The fencing token.</param>
/// <param name="Record">The record, if it stands, or if the row is a claim of the owner for whom it was looked at; otherwise null.</param>
/// <param name="Moment">The time of the look, in microseconds since 1970.</param>
internal sealed record RowLook(
    ClaimOutcome Outcome, bool Exists, byte[] Owner, RowState State, long Fencing, byte[]? Record, long Moment)
{
    public bool IsClaimOf(byte[] owner) => Exists && State != RowState.Completed && Owner.AsSpan().SequenceEqual(owner);

    public bool IsRecordOf(byte[] owner) => Exists && State == RowState.Completed && Owner.AsSpan().SequenceEqual(owner);

    /// <summary>Whether one with these terms may take the key.</summary>
    public bool CanBeClaimed(RowTerms terms) => Outcome switch
    {
        ClaimOutcome.None => true,
        // With this token: the completion of this very claim came before a late attempt of it.
        ClaimOutcome.Completed => terms.Over && !IsRecordOf(terms.Owner),
        _ => false,
    };

    /// <summary>What the key says to one who does not get it.</summary>
    public ClaimResult ToResult() => Outcome switch
    {
        ClaimOutcome.InFlight => ClaimResult.InFlight,
        ClaimOutcome.Interrupted => ClaimResult.Interrupted,
        _ => ClaimResult.Completed(new(Record ?? [])),
    };

    /// <summary>Differs from that of any later content: each owner is new, and a claim becomes a record once.</summary>
    public string Version => $"{Convert.ToHexStringLower(Owner)}-{(short)State}";
}
