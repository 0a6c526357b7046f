namespace Idempotency.Filters.EntityFrameworkCore.Model;

/// <summary>What a row is. The numbers are in the database.</summary>
internal enum RowState : short
{
    /// <summary>A claim. When its lease ends, the key is free, or the record that it was made over stands again.</summary>
    Claimed = 1,

    /// <summary>A record.</summary>
    Completed = 2,

    /// <summary>A claim that blocks its key when its lease ends.</summary>
    ClaimedAndBlocks = 3,
}
