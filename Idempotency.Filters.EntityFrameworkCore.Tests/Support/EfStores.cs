using System.Text;
using Idempotency.Filters.Stores;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Support;

/// <summary>
/// A store as an application gets it: from its services. It is patient, as machines that run tests need, unless a test says otherwise.
/// </summary>
internal sealed class EfStores : IAsyncDisposable
{
    private EfStores(ServiceProvider services, LogSink logs)
    {
        Services = services;
        Logs = logs;
        Store = services.GetRequiredService<IIdempotencyStore>();
    }

    public ServiceProvider Services { get; }

    public IIdempotencyStore Store { get; }

    public IIdempotencyStoreAdministration Administration => (IIdempotencyStoreAdministration)Store;

    public LogSink Logs { get; }

    public static EfStores Over(Action<DbContextOptionsBuilder> database, Action<EntityFrameworkStoreOptions>? configure = null) =>
        Of(idempotency => idempotency.UseEntityFramework(AllowManyProviders + database, BePatient + configure));

    public static EfStores Of(Action<IIdempotencyBuilder> use)
    {
        var logs = new LogSink();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug));
        use(services.AddIdempotency());
        return new(services.BuildServiceProvider(), logs);
    }

    public static void BePatient(EntityFrameworkStoreOptions options) => options.OperationTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Options for a context that a test makes by itself.</summary>
    public static DbContextOptions<TContext> OptionsOf<TContext>(Action<DbContextOptionsBuilder> database)
        where TContext : DbContext
    {
        var builder = new DbContextOptionsBuilder<TContext>();
        WithManyProviders(database)(builder);
        return builder.Options;
    }

    /// <summary>
    /// Entity Framework takes more than twenty sets of its services in a process for a mistake. Tests have that many applications.
    /// </summary>
    public static void AllowManyProviders(DbContextOptionsBuilder database) =>
        database.ConfigureWarnings(warnings => warnings.Ignore(CoreEventId.ManyServiceProvidersCreatedWarning));

    /// <inheritdoc cref="AllowManyProviders"/>
    public static Action<DbContextOptionsBuilder> WithManyProviders(Action<DbContextOptionsBuilder> database) =>
        AllowManyProviders + database;

    /// <summary>A key that no other test has.</summary>
    public static string NewKey() => $"tests:{Guid.NewGuid():N}:key";

    public async Task<IdempotencyClaim> AcquireAsync(string key, ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(key, options, CancellationToken.None);
        Assert.That(result.Outcome, Is.EqualTo(ClaimOutcome.Acquired));
        return result.Claim!;
    }

    /// <summary>Claims, and tells no more than the outcome; of a record also its text.</summary>
    public async Task<string> AskAsync(string key, ClaimOptions options)
    {
        using var result = await Store.ClaimAsync(key, options, CancellationToken.None);
        return result.Outcome == ClaimOutcome.Completed ? Encoding.UTF8.GetString(result.Record) : result.Outcome.ToString();
    }

    public Task<ClaimResult> WaitAsync(string key, ClaimOptions options, CancellationToken cancellationToken = default) =>
        Store.WaitAsync(key, options, TimeSpan.FromMinutes(1), cancellationToken).AsTask();

    public static async Task<CompletionOutcome> CompleteAsync(IdempotencyClaim claim, string record, TimeSpan? retention = null)
    {
        using var completion = await claim.CompleteAsync(
            new(Encoding.UTF8.GetBytes(record)), retention ?? TimeSpan.FromMinutes(10), CancellationToken.None);
        return completion.Outcome;
    }

    public ValueTask DisposeAsync() => Services.DisposeAsync();
}
