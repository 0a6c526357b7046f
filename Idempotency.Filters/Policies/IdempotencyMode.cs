namespace Idempotency.Filters.Policies;

internal enum IdempotencyMode
{
    Replay,
    Manual,
    Exempt,
}
