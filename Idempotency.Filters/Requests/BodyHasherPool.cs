using Microsoft.Extensions.ObjectPool;

namespace Idempotency.Filters.Requests;

/// <summary>Keeps <see cref="BodyHasher"/> objects of one key for the next request.</summary>
internal sealed class BodyHasherPool : IPooledObjectPolicy<BodyHasher>
{
    private readonly byte[]? _key;
    private readonly DefaultObjectPool<BodyHasher> _pool;

    /// <param name="key">The key of the HMAC; null = plain SHA-256.</param>
    public BodyHasherPool(byte[]? key)
    {
        _key = key;
        _pool = new(this, maximumRetained: 64);
    }

    public BodyHasher Rent(string? contentType)
    {
        var hasher = _pool.Get();
        hasher.Begin(contentType);
        return hasher;
    }

    public void Return(BodyHasher hasher) => _pool.Return(hasher);

    BodyHasher IPooledObjectPolicy<BodyHasher>.Create() => new(this, _key);

    bool IPooledObjectPolicy<BodyHasher>.Return(BodyHasher hasher) => true;
}
