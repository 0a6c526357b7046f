namespace Idempotency.Filters.Stores;

/// <summary>What an exception of a store says about the key.</summary>
internal enum StoreFailure
{
    /// <summary>Nothing that is known: the store answered, or failed, in a way that nobody has named. It may hold a record.</summary>
    Unknown,

    /// <summary>Nothing, because the store could not be asked. Only then <see cref="StoreDownBehavior.Execute"/> applies.</summary>
    Unreachable,

    /// <summary>The key is not free, and what it holds cannot be read.</summary>
    Unreadable,

    /// <summary>The key is free, and there is no room for it.</summary>
    Full,
}
