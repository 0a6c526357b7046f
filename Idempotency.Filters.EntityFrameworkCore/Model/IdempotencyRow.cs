namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>
/// One key as the table has it. Entity Framework maps it, so that migrations make the table; the store uses SQL of its own.
/// </summary>
internal sealed class IdempotencyRow
{
    /// <summary>16 bytes of the hash of the scope.</summary>
    public byte[] Scope { get; set; } = [];

    /// <summary>16 bytes of the hash of the whole key.</summary>
    public byte[] Id { get; set; } = [];

    /// <summary>See <see cref="RowState"/>.</summary>
    public short State { get; set; }

    /// <summary>The token of the last claim, or of the operator who resolved the key: 16 bytes.</summary>
    public byte[] Owner { get; set; } = [];

    /// <summary>Grows each time a claim takes the key over.</summary>
    public long Fencing { get; set; }

    /// <summary>When a claim ends unless it is renewed.</summary>
    public DateTime LeaseUntil { get; set; }

    /// <summary>Until when a claim that ended blocks its key. Used only with <see cref="RowState.ClaimedAndBlocks"/>.</summary>
    public DateTime BlockedUntil { get; set; }

    /// <summary>
    /// When the record ends. Written with the claim: an update that moves an indexed column costs a new entry in every index.
    /// </summary>
    public DateTime ExpiresAt { get; set; }

    /// <summary>The record; null = none. A claim over a record leaves it here until its own takes the place.</summary>
    public byte[]? Record { get; set; }
}
