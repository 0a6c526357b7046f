namespace Idempotency.Filters.EntityFrameworkCore;

/// <summary>How a claim keeps other requests from the key while the action runs.</summary>
public enum ClaimMode
{
    /// <summary>
    /// <see cref="Lock"/> for transactional policies on PostgreSQL that need not remember an interrupted attempt; otherwise
    /// <see cref="Row"/>.
    /// </summary>
    Automatic,

    /// <summary>
    /// A lock of the database that ends with the transaction of the action. Only for transactional policies, and only on PostgreSQL.
    /// </summary>
    Lock,

    /// <summary>A committed row with a lease that the holder renews.</summary>
    Row,
}
