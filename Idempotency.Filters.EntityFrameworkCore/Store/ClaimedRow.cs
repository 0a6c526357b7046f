using Idempotency.Filters.EntityFrameworkCore.Databases;
using Idempotency.Filters.EntityFrameworkCore.Rows;

namespace Idempotency.Filters.EntityFrameworkCore.Store;

/// <summary>Where a claim is, and on which terms it was made: with the lease, all that finds it again.</summary>
internal sealed record ClaimedRow(Database Database, RowKey Key, RowTerms Terms);
