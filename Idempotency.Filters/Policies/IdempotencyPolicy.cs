using System.Collections.Frozen;
using Idempotency.Filters.Keys;
using Idempotency.Filters.Requests;
using Idempotency.Filters.Stores;

namespace Idempotency.Filters.Policies;

/// <summary>The merged settings of one endpoint. The options are a private copy that is not changed after construction.</summary>
internal sealed class IdempotencyPolicy
{
    private readonly FrozenSet<string> _methods;
    private readonly ClaimOptions _claim;
    private bool _hasUnknownBodies;

    public IdempotencyPolicy(
        string? name,
        IdempotencyMode mode,
        IdempotencyOptions options,
        IIdempotencyStore store,
        RequestHashing hashing,
        string defaultKeyPrefix)
    {
        Name = name ?? "default";
        IsDefault = name is null;
        Mode = mode;
        Options = options;
        Store = store;
        StoreTag = Diagnostics.StoreTag.Of(options.StoreName);
        KeyPrefix = options.KeyPrefix ?? defaultKeyPrefix;
        Keys = new KeyReader(
            options.KeySources,
            options.HeaderName,
            new KeyRules(options.KeyFormat, options.MaxKeyLength, options.MaxBufferedBodySize, options.BodyReadTimeout));
        Hasher = new RequestHasher(hashing, options.FingerprintHeaders);
        _methods = options.Methods.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _claim = new ClaimOptions
        {
            Lease = options.Lease,
            RenewFor = options.MaxExecutionTime,
            OverCompleted = mode is IdempotencyMode.Manual,
            WhenInterrupted = options.WhenInterrupted,
            WhenFailed = options.WhenFailed,
            WhenStoreIsDown = options.WhenStoreIsDown,
            BlockFor = options.Retention,
            Retention = options.Retention,
            Transactional = options.Transactional,
        };
    }

    public string Name { get; }

    /// <summary>
    /// Whether the policy is the settings of <c>AddIdempotency</c>. <see cref="Name"/> cannot say: a named policy may be called "default"
    /// too.
    /// </summary>
    public bool IsDefault { get; }

    public IdempotencyMode Mode { get; }

    public IdempotencyOptions Options { get; }

    public IIdempotencyStore Store { get; }

    /// <summary>What metrics call the store.</summary>
    public string StoreTag { get; }

    /// <summary>
    /// Whether a record may have to wait for the store after its request: not one that is committed with its action, but for that of a
    /// failure which blocks.
    /// </summary>
    public bool LeavesRecordsPending => !Options.Transactional || Options.WhenFailed is FailureBehavior.Block;

    /// <summary><see cref="IdempotencyOptions.KeyPrefix"/>, or its default.</summary>
    public string KeyPrefix { get; }

    /// <summary>Why the store cannot work with these settings; null when it can.</summary>
    public string? Objection => Store.ObjectionTo(_claim);

    public KeyReader Keys { get; }

    /// <summary>Makes the fingerprints of its requests.</summary>
    public RequestHasher Hasher { get; }

    /// <summary>Whether an endpoint with these methods can be covered. Empty = the endpoint answers all methods.</summary>
    public bool CoversAnyOf(IReadOnlyCollection<string> methods) => methods.Count == 0 || methods.Any(Covers);

    /// <summary>Whether this is the first body of the endpoint that cannot be compared. Each endpoint has its own policy object.</summary>
    public bool IsFirstUnknownBody() => !_hasUnknownBodies && !Interlocked.Exchange(ref _hasUnknownBodies, true);

    public bool Covers(string method) => _methods.Contains(method);

    /// <param name="http">The request.</param>
    /// <param name="scope">Whose it is.</param>
    /// <param name="previewLength">How many bytes of a large record suffice to compare it with the request; 0 = all.</param>
    public ClaimOptions ClaimFor(HttpContext http, in RequestScope scope, int previewLength) =>
        _claim with { Caller = scope.Caller, RequestServices = http.RequestServices, PreviewLength = previewLength };
}
