namespace Idempotency.Filters;

/// <summary>A key in a list for operators.</summary>
public sealed class ListedKey
{
    internal ListedKey(string handle, string logHash, FoundKeyState state)
    {
        Handle = handle;
        LogHash = logHash;
        State = state;
    }

    /// <summary>
    /// Stands for the key in <see cref="IIdempotencyAdministration.FindListedAsync"/> and
    /// <see cref="IIdempotencyAdministration.ResolveListedAsync"/>, under the policy that the key was listed for. It holds neither the
    /// client's key nor the name of the caller in plain text. Its form depends on the store.
    /// </summary>
    public string Handle { get; }

    /// <summary>The short hash under which logs show the key, as <see cref="IIdempotencyAdministration.LogHashOf"/> returns it.</summary>
    public string LogHash { get; }

    /// <summary>The state of the key when the store looked at it.</summary>
    public FoundKeyState State { get; }

    /// <summary>
    /// Since when the key is in this state: when the action ended or an operator resolved the key; when the claim was granted, for a key in
    /// flight; when the lease ended, for an interrupted key. Null where nobody knows, as for a record that cannot be read. Each moment is
    /// by the clock of the process or the store that noted it.
    /// </summary>
    public DateTimeOffset? Since { get; internal init; }

    /// <summary>
    /// When the key becomes free by itself; null if that is never or not known, and for a key in flight. By the clock of the store.
    /// </summary>
    public DateTimeOffset? Expires { get; internal init; }
}
