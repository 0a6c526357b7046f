using Microsoft.Extensions.Hosting;

namespace Idempotency.Filters.Stores.Shared;

/// <summary>
/// Lets every store of one kind give up at shutdown what it still has to, after all other services have stopped: what they drain may give
/// up claims, too. The host's shutdown timeout limits it.
/// </summary>
internal sealed class StoreDrain<TStore>(IServiceProvider services, IEnumerable<StoreName<TStore>> names) : IHostedLifecycleService
    where TStore : class, IDrainedStore
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(names.Distinct().Select(name => name.StoreIn(services)?.DrainAsync(cancellationToken) ?? Task.CompletedTask));
}
