namespace Idempotency.Filters.Stores.Shared;

/// <summary>One request that waits for a key: whoever takes it out of its queue decides its answer.</summary>
internal sealed class KeyWaiter : TaskCompletionSource<ClaimResult>
{
    public KeyWaiter(ClaimOptions options)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Options = options;
        Node = new(this);
    }

    public ClaimOptions Options { get; }

    public LinkedListNode<KeyWaiter> Node { get; }
}
