using Idempotency.Filters.Primitives;
using Idempotency.Filters.Requests;

namespace Idempotency.Filters.Tests.Support;

/// <summary>Hashes requests without a secret.</summary>
internal static class Hashing
{
    public static RequestHasher Plain { get; } = With();

    public static RequestHasher With(params string[] headers) => new(new RequestHashing(HashKeys.None), headers);
}
