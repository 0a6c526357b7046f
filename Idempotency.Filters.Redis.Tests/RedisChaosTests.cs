using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Over a real Redis, behind a network that fails.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RedisChaosTests : ChaosContract
{
    private RedisServer _server = null!;
    private ChaosProxy _proxy = null!;

    protected override string Claim => "claim";

    protected override string Complete => "complete";

    protected override string Release => "release";

    [SetUp]
    public async Task StartServerAsync()
    {
        _server = await RedisServer.StartAsync();
        _proxy = new(_server.Port, Chaos);
    }

    [TearDown]
    public async Task StopServerAsync()
    {
        // The application ends before its network and its server do.
        await StopAppAsync();
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task RenewalsThatFailForLessThanALeaseLoseNothing()
    {
        Signal renewed = new(), refused = new();
        await StartAsync(
            new(async (http, run) =>
            {
                var lost = http.RequestServices.GetRequiredService<IIdempotencyContext>().LeaseLost;
                Break("renew", Fault.Fails);
                await Waiting.UntilAsync(() => Chaos.Count("renew") >= 2);
                Heal();
                Chaos.Forget();
                // Each of them a third of a lease after the last: the lease has ended, had nobody renewed it.
                await Waiting.UntilAsync(() => Chaos.Count("renew") >= 4);
                renewed.Fire();
                await refused.WaitAsync();
                return Script.Answer(lost.IsCancellationRequested ? 0 : run);
            }),
            options => options.Lease = TimeSpan.FromSeconds(6));

        var running = PostAsync("key");
        await renewed.WaitAsync();
        using var repeat = await PostAsync("key");
        refused.Fire();

        await repeat.IsProblemAsync(409, "in-flight");
        await (await running).IsRunAsync(1);
    }

    protected override void UseStore(IIdempotencyBuilder idempotency) => idempotency.UseRedis(_proxy.Address);
}
