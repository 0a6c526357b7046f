using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Redis.Tests;

/// <summary>Applications that share a server, seen by their clients.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class RedisAppTests
{
    private readonly string _key = Guid.NewGuid().ToString();
    private readonly Signal _entered = new();
    private readonly Signal _release = new();
    private RedisServer _server = null!;

    [SetUp]
    public async Task FindServer() => _server = await SharedRedis.ServerAsync();

    [Test]
    public async Task RetryAtAnotherMachineGetsTheFirstAnswer()
    {
        var script = new Script();
        await using var one = await StartAsync(script);
        await using var two = await StartAsync(script);

        using var first = await one.PostAsync("/redis", _key);
        using var retry = await two.PostAsync("/redis", _key);

        await first.IsRunAsync(1);
        await retry.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task RetryWhileAnotherMachineRunsIsRefused()
    {
        var script = Hanging();
        await using var one = await StartAsync(script);
        await using var two = await StartAsync(script);
        var first = one.PostAsync("/redis", _key);
        await _entered.WaitAsync();

        using (var retry = await two.PostAsync("/redis", _key))
            await retry.IsProblemAsync(409, "in-flight");
        _release.Fire();

        using var answer = await first.Soon();
        await answer.IsRunAsync(1);
    }

    [Test]
    public async Task RetriesWaitForTheAnswerOfAnotherMachine()
    {
        var script = Hanging();
        await using var one = await StartAsync(script, InFlightBehavior.Wait);
        await using var two = await StartAsync(script, InFlightBehavior.Wait);
        var first = one.PostAsync("/redis", _key);
        await _entered.WaitAsync();
        var retries = Enumerable.Range(0, 8).Select(number => (number % 2 == 0 ? one : two).PostAsync("/redis", _key)).ToList();
        _release.Fire();

        using var answer = await first.Soon();
        await answer.IsRunAsync(1);
        foreach (var retry in await Task.WhenAll(retries).Soon())
            await retry.IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ActionThatFailedIsRunAgainByOneWhoWaitsAtAnotherMachine()
    {
        var script = Hanging(failsFirst: true);
        await using var one = await StartAsync(script, InFlightBehavior.Wait);
        await using var two = await StartAsync(script, InFlightBehavior.Wait);
        var first = one.PostAsync("/redis", _key);
        await _entered.WaitAsync();
        var retries = new[] { one.PostAsync("/redis", _key), two.PostAsync("/redis", _key) };
        _release.Fire();

        Assert.That((int)(await first.Soon()).StatusCode, Is.EqualTo(500));
        var answers = await Task.WhenAll(retries).Soon();
        Assert.That(answers.Count(answer => answer.IsReplay()), Is.EqualTo(1));
        Assert.That(script.Runs, Is.EqualTo(2));
    }

    [Test]
    public async Task DerivedKeyIsTheSameOverRedisAsInMemory()
    {
        var script = new Script((http, _) => new ContentResult
        {
            Content = http.RequestServices.GetRequiredService<IIdempotencyContext>().DeriveKey("charge"),
        });
        await using var redis = await StartAsync(script);
        await using var memory = await script.StartAsync<RedisController>();

        using var one = await redis.PostAsync("/redis", _key);
        using var other = await memory.PostAsync("/redis", _key);

        Assert.That(await one.TextAsync(), Has.Length.EqualTo(43).And.EqualTo(await other.TextAsync()));
    }

    [Test]
    public async Task FailedKeyIsListedAndResolvedWithoutTheClientsKey()
    {
        var script = new Script((_, run) => run == 1 ? throw new InvalidOperationException("after its effect") : Script.Answer(run));
        await using var app = await script.StartAsync<RedisController>(
            options =>
            {
                options.KeyPrefix = $"redis-list:{_key}:";
                options.WhenFailed = FailureBehavior.Block;
            },
            services: services => services.AddIdempotency().UseRedis(_server.Address, RedisStores.BePatient));
        using var failed = await app.PostAsync("/redis", _key);
        var keys = app.Services.GetRequiredService<IIdempotencyAdministration>();

        var listed = await keys.ListAsync([FoundKeyState.Failed]).SingleAsync();
        Assert.That(listed.LogHash, Is.EqualTo(keys.LogHashOf(IdempotencyScope.Anonymous, _key)));
        Assert.That(listed.Since, Is.Not.Null);
        Assert.That(await keys.ResolveListedAsync(listed.Handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await app.PostAsync("/redis", _key);
        await retry.IsRunAsync(2);
    }

    private Task<TestApp> StartAsync(Script script, InFlightBehavior whenInFlight = InFlightBehavior.Reject) =>
        script.StartAsync<RedisController>(
            options => options.WhenInFlight = whenInFlight,
            services: services => services.AddIdempotency().UseRedis(_server.Address, RedisStores.BePatient));

    private Script Hanging(bool failsFirst = false) => new(async (_, run) =>
    {
        if (run == 1)
        {
            _entered.Fire();
            await _release.WaitAsync();
        }

        return Script.Answer(run, failsFirst && run == 1 ? StatusCodes.Status500InternalServerError : StatusCodes.Status201Created);
    });
}
