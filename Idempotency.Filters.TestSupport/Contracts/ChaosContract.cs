using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.TestSupport.Contracts;

/// <summary>
/// What a client may rely on, whatever happens to the calls between a store and the place where it keeps its data. A hanging operation is
/// given up after a second.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class ChaosContract
{
    private const string Path = "/chaos";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TestApp? _app;

    protected Chaos Chaos { get; } = new();

    /// <summary>The <see cref="Chaos"/> name of the call that claims a key.</summary>
    protected abstract string Claim { get; }

    /// <summary>The call that writes a record.</summary>
    protected abstract string Complete { get; }

    /// <summary>The call that releases a key.</summary>
    protected abstract string Release { get; }

    [TearDown]
    public async Task StopAppAsync()
    {
        Heal();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    [Test]
    public async Task ClaimWhoseReplyIsLostIsGivenUpAndTheNextRequestRuns([Values(Fault.LosesReply, Fault.Fails)] Fault fault)
    {
        var script = await StartAsync(new());
        Break(Claim, fault);
        using var refused = await PostAsync("key");
        Heal();

        await refused.IsProblemAsync(503, "store-unavailable");
        await (await AnswerAsync("key")).IsRunAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ClaimThatArrivesLateIsGivenUpAndTheNextRequestRuns()
    {
        var script = await StartAsync(new());
        Chaos.Once(Claim, Fault.Hangs);
        using var refused = await PostAsync("key");
        Heal();

        await refused.IsProblemAsync(503, "store-unavailable");
        await (await AnswerAsync("key")).IsRunAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task CompletionThatFailsOnceIsReplayed([Values(Fault.LosesReply, Fault.Fails)] Fault fault)
    {
        await StartAsync(new((_, run) =>
        {
            Chaos.Forget();
            Chaos.Once(Complete, fault);
            return Script.Answer(run);
        }));

        await (await PostAsync("key")).IsRunAsync(1);
        Assert.That(Chaos.Count(Complete), Is.EqualTo(2));

        await (await PostAsync("key")).IsReplayOfAsync(1);
    }

    [Test]
    public async Task CompletionThatFailsForLongIsAnsweredTrulyAndReplayedLater(
        [Values(Fault.LosesReply, Fault.Fails, Fault.Hangs)] Fault fault)
    {
        var script = await StartAsync(new((_, run) =>
        {
            Break(Complete, fault);
            return Script.Answer(run);
        }));

        await (await PostAsync("key")).IsRunAsync(1);
        Heal();

        await (await AnswerAsync("key")).IsReplayOfAsync(1);
        Assert.That(script.Runs, Is.EqualTo(1));
    }

    [Test]
    public async Task ReleaseThatFailsForAWhileLetsTheNextRequestRun([Values(Fault.LosesReply, Fault.Fails)] Fault fault)
    {
        await StartAsync(new((_, run) =>
        {
            if (run == 1)
                Break(Release, fault);
            return Script.Answer(run, run == 1 ? 500 : 201);
        }));

        await (await PostAsync("key")).IsRunAsync(1, 500);
        Heal();

        await (await AnswerAsync("key")).IsRunAsync(2);
    }

    [Test]
    public Task AnyFaultsAtAllLetEachKeyRunAsOftenAsItFails() => RunAnyFaultsAsync(seed: 1);

    [Test]
    [Category("Long")]
    public Task AnyOfManyFaultsLetEachKeyRunAsOftenAsItFails([Range(2, 40)] int seed) => RunAnyFaultsAsync(seed);

    private async Task RunAnyFaultsAsync(int seed)
    {
        const int Keys = 40;
        const int RequestsToEach = 5;
        var runs = new ConcurrentDictionary<string, int>();
        await StartAsync(new(async (http, run) =>
        {
            string key = http.Request.Headers["Idempotency-Key"]!;
            var ofKey = runs.AddOrUpdate(key, 1, (_, count) => count + 1);
            await Task.Delay(run % 4 * 5);
            return Script.Answer(run, Fails(key) && ofKey == 1 ? 500 : 201);
        }));
        var faults = new int[4];
        var calls = 0;
        var random = new Random(seed);
        Chaos.On = _ =>
        {
            lock (random)
            {
                // Each kind once, whatever the dice say: a store that needs few calls rolls them seldom.
                var roll = ++calls switch { 10 => 0, 20 => 5, 30 => 10, _ => random.Next(100) };
                var fault = roll switch { < 5 => Fault.Fails, < 10 => Fault.LosesReply, < 12 => Fault.Hangs, _ => Fault.None };
                faults[(int)fault]++;
                return fault;
            }
        };

        using var ending = new CancellationTokenSource();
        var resuming = ResumeAgainAndAgainAsync(ending.Token);
        var answers = new ConcurrentDictionary<string, ConcurrentBag<string>>();
        await Parallel.ForAsync(0, Keys * RequestsToEach, new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (number, _) =>
        {
            var key = $"key-{number / RequestsToEach}";
            using var answer = await AnswerAsync(key);
            answers.GetOrAdd(key, _ => []).Add(await answer.TextAsync());
        });
        await ending.CancelAsync();
        await resuming;

        // Of any kind: a run makes some hundred calls, too few for two in a hundred to occur in each.
        Assert.That(faults.Skip(1).Sum(), Is.Positive);
        Assert.That(answers, Has.Count.EqualTo(Keys));
        Assert.That(answers.Values.Select(bag => bag.Distinct().Count()), Is.All.EqualTo(1));
        foreach (var (key, count) in runs)
            Assert.That(count, Is.EqualTo(Fails(key) ? 2 : 1), key);

        static bool Fails(string key) => key.EndsWith('7');
    }

    /// <summary>Gives the application a store whose calls go through <see cref="Chaos"/>.</summary>
    protected abstract void UseStore(IIdempotencyBuilder idempotency);

    /// <summary>Completes one run first, because a store is slow while it connects.</summary>
    protected async Task<Script> StartAsync(Script script, Action<IdempotencyOptions>? options = null)
    {
        _app = await script.StartAsync<ChaosController>(
            options => options.WhenInterrupted = InterruptedBehavior.Block,
            services: services => UseStore(services.AddIdempotency(options)));
        (await AnswerAsync("warm-up", "/chaos/warm-up")).Dispose();
        return script;
    }

    protected void Break(string call, Fault fault) => Chaos.On = name => name == call ? fault : Fault.None;

    protected void Heal()
    {
        Chaos.On = null;
        Chaos.Resume();
    }

    protected Task<HttpResponseMessage> PostAsync(string key, string path = Path) => _app!.PostAsync(path, key).WaitAsync(Patience);

    /// <summary>Retries until there is an answer, as clients should.</summary>
    protected async Task<HttpResponseMessage> AnswerAsync(string key, string path = Path)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var response = await PostAsync(key, path);
            if (response.StatusCode is HttpStatusCode.Created)
                return response;

            if (patience.IsCancellationRequested)
                Assert.Fail($"Its last answer: {(int)response.StatusCode} {await response.TextAsync()}");
            response.Dispose();
            await Task.Delay(20);
        }
    }

    private async Task ResumeAgainAndAgainAsync(CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            await Task.Delay(50, CancellationToken.None);
            Chaos.Resume();
        }
    }
}
