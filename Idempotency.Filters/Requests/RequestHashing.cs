using Idempotency.Filters.Primitives;

namespace Idempotency.Filters.Requests;

/// <summary>What the hashes of all requests of an application share: the keys, the pools, and the targets that recur.</summary>
internal sealed class RequestHashing
{
    // Most requests of an application go to few targets, so their hashes are worth keeping.
    private readonly RecentValues<RequestTarget, Sha256Digest> _recent;
    private readonly BodyHasherPool _bodies;

    public RequestHashing(HashKeys keys)
    {
        var targets = new BodyHasherPool(keys.Target);
        _recent = new(target => target.Hash(targets.Rent(contentType: null)));
        _bodies = new(keys.Body);
    }

    public BodyHasher Rent(string? contentType) => _bodies.Rent(contentType);

    public Sha256Digest HashOf(in RequestTarget target) => _recent.Get(target);
}
