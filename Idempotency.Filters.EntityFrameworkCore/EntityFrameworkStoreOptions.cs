using System.Data;
using Idempotency.Filters.EntityFrameworkCore.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore;

/// <summary>How the store works with the database.</summary>
public sealed class EntityFrameworkStoreOptions
{
    /// <summary>
    /// The schema of the table, for <c>UseEntityFramework</c> without a context of the application; null = the default schema of the
    /// database. With a context of the application, <c>AddIdempotency</c> names it. Default null.
    /// </summary>
    public string? Schema { get; set; }

    /// <summary>
    /// The name of the table, for <c>UseEntityFramework</c> without a context of the application; null = <c>idempotency_keys</c>. With a
    /// context of the application, <c>AddIdempotency</c> names it. Default null.
    /// </summary>
    public string? Table { get; set; }

    /// <summary>How a claim keeps other requests from the key. Default <see cref="ClaimMode.Automatic"/>.</summary>
    public ClaimMode Claim { get; set; }

    /// <summary>
    /// The isolation level of the transactions that transactional policies begin; null = that of the provider. Default null. Above read
    /// committed, a claim in row mode cannot be renewed beside its transaction: it lasts for <c>MaxExecutionTime</c>, which must be set,
    /// and a key whose process died stays closed for as long.
    /// </summary>
    public IsolationLevel? IsolationLevel { get; set; }

    /// <summary>
    /// How often this process removes expired rows; null = never: another process does. From 1 millisecond to 24 days. Default 1 minute.
    /// </summary>
    public TimeSpan? CleanupInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many rows one statement of the clean-up removes at most. At least 1. Default 1,000.</summary>
    public int CleanupBatch { get; set; } = 1000;

    /// <summary>
    /// How long one operation may take, its repetitions included. A request whose claim takes longer is answered 503. More than zero, at
    /// most one minute, and less than the <see cref="IdempotencyOptions.Lease"/> of every policy that uses the store. Keep it at a tenth of
    /// that: a slower database may cost a lease. Default 1 second.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The maximum number of keys that one caller may have in the table at a time, claimed or completed, so that no caller can fill it;
    /// null = no limit. A request beyond it is answered 429 <c>too-many-keys</c>. The table knows callers by their scope, so each value of
    /// <see cref="IdempotencyOptions.KeyScope"/> has a count of its own, and all anonymous requests share one. Costs each claim one
    /// statement more. Requests at the same time may pass it by their number. Default null; at least 1.
    /// </summary>
    public int? MaxKeysPerCaller { get; set; }

    /// <summary>
    /// Whether the application refuses to start when the database does not answer. When false, it says so in the log and starts; requests
    /// with keys are answered 503 until the database answers. Default true.
    /// </summary>
    public bool RequireDatabaseAtStart { get; set; } = true;

    internal IList<Type> GuestContexts { get; } = [];

    /// <summary>What each of them needs in the services.</summary>
    internal IList<Action<IServiceCollection>> GuestGuards { get; } = [];

    internal ISet<Type> SeparateContexts { get; } = new HashSet<Type>();

    /// <summary>
    /// Lets another context of the request take part in the transaction of transactional policies. It works on the connection of the first
    /// meanwhile, so both must be configured for the same database and the same provider.
    /// </summary>
    /// <typeparam name="TOther">The other context, registered as a service.</typeparam>
    /// <returns>These options.</returns>
    public EntityFrameworkStoreOptions With<TOther>()
        where TOther : DbContext
    {
        if (!GuestContexts.Contains(typeof(TOther)))
        {
            GuestContexts.Add(typeof(TOther));
            GuestGuards.Add(static services => services.ConfigureDbContext<TOther>(Guards.AddTo));
        }

        return this;
    }

    /// <summary>
    /// Lets further instances of a context write while an action runs in a transaction. What they write is not in it, and stays when it is
    /// rolled back: for audit trails, and outboxes of their own. Otherwise such a write is an <see cref="InvalidOperationException"/>.
    /// Contexts of other types than that of the store are always separate, unless they take part by <see cref="With"/>.
    /// </summary>
    /// <typeparam name="TContext">The context of the store.</typeparam>
    /// <returns>These options.</returns>
    public EntityFrameworkStoreOptions AllowSeparate<TContext>()
        where TContext : DbContext
    {
        SeparateContexts.Add(typeof(TContext));
        return this;
    }
}
