using System.Buffers;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Moq;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>Listing keys by state and age, and resolving what was listed without the client's key.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ListTests
{
    private static readonly FoundKeyState[] All = Enum.GetValues<FoundKeyState>();

    private readonly FakeTimeProvider _clock = new(new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Signal _entered = new();
    private readonly Signal _release = new();

    [Test]
    public async Task KeysAreListedByTheStateThatOperatorsSee()
    {
        await using var app = await StartAsync();
        using var completed = await PostAsync(app, "completed");
        using var failed = await PostAsync(app, "failed");
        using var large = await PostAsync(app, "large");
        var running = PostAsync(app, "hangs");
        await _entered.WaitAsync();
        Assert.That(await StatesAsync(app, FoundKeyState.InFlight), Is.EqualTo(["hangs InFlight"]));
        _clock.Advance(TimeSpan.FromMinutes(3));

        Assert.That(await StatesAsync(app, FoundKeyState.Completed), Is.EqualTo(["completed Completed"]));
        Assert.That(await StatesAsync(app, FoundKeyState.Failed), Is.EqualTo(["failed Failed"]));
        Assert.That(await StatesAsync(app, FoundKeyState.NotReplayable), Is.EqualTo(["large NotReplayable"]));
        Assert.That(await StatesAsync(app, FoundKeyState.Interrupted), Is.EqualTo(["hangs Interrupted"]));
        Assert.That(await StatesAsync(app, FoundKeyState.Unreadable), Is.Empty);
        Assert.That(
            await StatesAsync(app, FoundKeyState.Interrupted, FoundKeyState.Failed),
            Is.EquivalentTo(["hangs Interrupted", "failed Failed"]));
        Assert.That(await StatesAsync(app, All), Has.Length.EqualTo(4));
        _release.Fire();
        (await running.Soon()).Dispose();
    }

    [Test]
    public async Task TimesAreThoseOfTheState()
    {
        await using var app = await StartAsync(o => o.Retention = TimeSpan.FromHours(5));
        var start = _clock.GetUtcNow();
        var running = PostAsync(app, "hangs");
        await _entered.WaitAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        using var failed = await PostAsync(app, "failed");
        var inFlight = (await ListAsync(app, FoundKeyState.InFlight)).Single();
        Assert.That((inFlight.Since, inFlight.Expires), Is.EqualTo(((DateTimeOffset?)start, (DateTimeOffset?)null)));

        // The time is up after two minutes, and the lease of 30 seconds ends after it.
        _clock.Advance(TimeSpan.FromMinutes(9));

        var interrupted = (await ListAsync(app, FoundKeyState.Interrupted)).Single();
        Assert.That(interrupted.Since, Is.EqualTo(start.AddMinutes(2.5)));
        Assert.That(interrupted.Expires, Is.EqualTo(start.AddMinutes(2.5).AddHours(5)));
        var blocked = (await ListAsync(app, FoundKeyState.Failed)).Single();
        Assert.That(blocked.Since, Is.EqualTo(start.AddMinutes(1)));
        Assert.That(blocked.Expires, Is.EqualTo(start.AddMinutes(1).AddHours(5)));
        Assert.That(blocked.LogHash, Is.EqualTo(app.Operator().LogHashOf(OperatedApp.Anyone, "failed")));
        _release.Fire();
        (await running.Soon()).Dispose();
    }

    [Test]
    public async Task YoungerKeysAreLeftOut()
    {
        await using var app = await StartAsync();
        using var older = await PostAsync(app, "completed");
        _clock.Advance(TimeSpan.FromHours(1));
        using var younger = await PostAsync(app, "completed too");
        _clock.Advance(TimeSpan.FromMinutes(10));

        Assert.That(await ListAsync(app, olderThan: TimeSpan.Zero, All), Has.Count.EqualTo(2));
        Assert.That(await ListAsync(app, olderThan: TimeSpan.FromMinutes(10), All), Has.Count.EqualTo(2));
        Assert.That(
            (await ListAsync(app, olderThan: TimeSpan.FromMinutes(11), All)).Select(key => key.LogHash),
            Is.EqualTo([app.Operator().LogHashOf(OperatedApp.Anyone, "completed")]));
        Assert.That(await ListAsync(app, olderThan: TimeSpan.FromHours(2), All), Is.Empty);
    }

    [Test]
    public async Task RecordFromAClockThatIsAheadIsListedWhereNoAgeIsAskedFor()
    {
        await using var app = await StartAsync();
        using var completed = await PostAsync(app, "completed");
        _clock.AdjustTime(_clock.GetUtcNow().AddMinutes(-5));

        Assert.That(await ListAsync(app, All), Has.Count.EqualTo(1));
        Assert.That(await ListAsync(app, olderThan: TimeSpan.FromTicks(1), All), Is.Empty);
    }

    [Test]
    public async Task NoMoreAreListedThanAskedFor()
    {
        await using var app = await StartAsync();
        for (var i = 0; i < 20; i++)
            (await PostAsync(app, $"completed {i}")).Dispose();

        Assert.That(await app.Operator().ListAsync(All, max: 7).ToListAsync(), Has.Count.EqualTo(7));
        Assert.That(await app.Operator().ListAsync(All, max: 20).ToListAsync(), Has.Count.EqualTo(20));
    }

    [Test]
    public async Task EachKeyIsListedOnceAlsoFromAStoreThatListsItTwice()
    {
        await using var app = await StartAsync(store: new HashedKeyStore { Times = 2 });
        using var one = await PostAsync(app, "completed");
        using var two = await PostAsync(app, "completed too");

        Assert.That((await ListAsync(app, All)).Select(key => key.Handle), Is.Unique.And.Exactly(2).Items);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task ListedKeyIsFoundAndResolvedByItsHandle(bool isHashed)
    {
        await using var app = await StartAsync(store: isHashed ? new HashedKeyStore() : null);
        using var failed = await PostAsync(app, "failed");
        var listed = (await ListAsync(app, FoundKeyState.Failed)).Single();
        Assert.That(listed.LogHash, Is.EqualTo(app.Operator().LogHashOf(OperatedApp.Anyone, "failed")));

        Assert.That((await app.Operator().FindListedAsync(listed.Handle))?.State, Is.EqualTo(FoundKeyState.Failed));
        Assert.That(
            await app.Operator().ResolveListedAsync(listed.Handle, OperatedApp.Answer("by hand")), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await PostAsync(app, "failed");
        await retry.IsByHandAsync();
        var found = await app.Operator().FindListedAsync(listed.Handle);
        Assert.That((found?.State, found?.Response?.StatusCode), Is.EqualTo((FoundKeyState.Completed, 201)));
        Assert.That(
            await app.Operator().ResolveListedAsync(listed.Handle, IdempotencyResolution.Free),
            Is.EqualTo(ResolveOutcome.AlreadyCompleted));
        Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 80).Message, Does.Contain(listed.LogHash));
    }

    [Test]
    public async Task ListedKeyThatWasFreedIsNotFound()
    {
        await using var app = await StartAsync();
        using var failed = await PostAsync(app, "failed");
        var handle = (await ListAsync(app, FoundKeyState.Failed)).Single().Handle;

        Assert.That(await app.Operator().ResolveListedAsync(handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.Resolved));

        Assert.That(await app.Operator().FindListedAsync(handle), Is.Null);
        Assert.That(await app.Operator().ResolveListedAsync(handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.NotFound));
    }

    [Test]
    public async Task ListedKeyInFlightIsNotResolved()
    {
        await using var app = await StartAsync();
        var running = PostAsync(app, "hangs");
        await _entered.WaitAsync();
        var handle = (await ListAsync(app, FoundKeyState.InFlight)).Single().Handle;

        Assert.That(await app.Operator().ResolveListedAsync(handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.InFlight));
        _release.Fire();
        (await running.Soon()).Dispose();
    }

    [Test]
    public async Task OnlyThePolicysPrefixIsListedAndItsHandlesAreGoodForItAlone()
    {
        await using var app = await OperatedApp.Failing().StartAsync<TwoPoliciesController>(
            OperatedApp.Block, services: s => s.AddIdempotency().AddPolicy("policy", o => o.KeyPrefix = "policy:"));
        using var failed = await app.PostAsync("/orders/policy", "k");

        Assert.That(await app.Operator().ListAsync(All).ToListAsync(), Is.Empty);
        var handle = (await app.Operator().ListAsync(All, policy: "policy").ToListAsync()).Single().Handle;
        Assert.That(await app.Operator().FindListedAsync(handle), Is.Null);
        Assert.That(await app.Operator().ResolveListedAsync(handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.NotFound));
        Assert.That((await app.Operator().FindListedAsync(handle, "policy"))?.State, Is.EqualTo(FoundKeyState.Failed));
    }

    [Test]
    public async Task ProtectedRecordsAreListedByTheirStates()
    {
        await using var app = await StartAsync(services: s => s.AddIdempotency().ProtectRecords<Mirror>());
        using var completed = await PostAsync(app, "completed");
        using var failed = await PostAsync(app, "failed");

        Assert.That(await StatesAsync(app, All), Is.EquivalentTo(["completed Completed", "failed Failed"]));
        Assert.That((await ListAsync(app, All)).Select(key => key.Since), Is.All.Not.Null);
    }

    [Test]
    public async Task ProtectedRecordThatCannotBeReadIsListedUnreadableWhateverItsAgeAndLogsNothing()
    {
        var protector = new Mirror();
        await using var app = await StartAsync(services: s => s.AddIdempotency().ProtectRecords(_ => protector));
        using var failed = await PostAsync(app, "failed");
        protector.IsBroken = true;

        var listed = (await ListAsync(app, olderThan: TimeSpan.FromDays(9), FoundKeyState.Unreadable)).Single();

        Assert.That((listed.State, listed.Since), Is.EqualTo((FoundKeyState.Unreadable, (DateTimeOffset?)null)));
        Assert.That(app.Logs.Lines, Has.None.Matches<LogLine>(line => line.Message.Contains("protector")));
        Assert.That(
            await app.Operator().ResolveListedAsync(listed.Handle, IdempotencyResolution.Free), Is.EqualTo(ResolveOutcome.Resolved));
    }

    [Test]
    public async Task ProtectedRecordUnderAHashedKeyIsListedByItsEnvelopeAndIsNotResolved()
    {
        await using var app = await StartAsync(store: new HashedKeyStore(), services: s => s.AddIdempotency().ProtectRecords<Mirror>());
        using var failed = await PostAsync(app, "failed");

        var listed = (await ListAsync(app, olderThan: TimeSpan.FromDays(9), FoundKeyState.Completed)).Single();

        Assert.That((listed.State, listed.Since), Is.EqualTo((FoundKeyState.Completed, (DateTimeOffset?)null)));
        var found = await app.Operator().FindListedAsync(listed.Handle);
        Assert.That(found?.State, Is.EqualTo(FoundKeyState.Completed));
        Assert.That(((object?)found.Created, found.Response), Is.EqualTo(((object?)null, (StoredResponse?)null)));
        Assert.That(
            async () => await app.Operator().ResolveListedAsync(listed.Handle, IdempotencyResolution.Free),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("ProtectRecords").And.Message.Contains("ResolveAsync"));
        Assert.That(await app.FreeAsync("failed"), Is.EqualTo(ResolveOutcome.Resolved));
    }

    [Test]
    public async Task StoreThatCannotListIsNamed()
    {
        var unable = new Mock<IIdempotencyStore>();
        unable.As<IIdempotencyStoreAdministration>().Setup(s => s.CanList).Returns(false);
        await using var app = await new Script().StartAsync<OperatedController>(store: unable.Object);
        await using var none = await new Script().StartAsync<OperatedController>(store: Mock.Of<IIdempotencyStore>());
        Func<TestApp, Task>[] calls =
        [
            async app => await app.Operator().ListAsync(All).ToListAsync(),
            async app => await app.Operator().FindListedAsync("handle"),
            async app => await app.Operator().ResolveListedAsync("handle", IdempotencyResolution.Free),
        ];

        foreach (var call in calls)
        {
            Assert.That(
                () => call(app),
                Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("The default store (").And.Message.Contains("cannot list"));
            Assert.That(
                () => call(none),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains(nameof(IIdempotencyStoreAdministration)));
        }
    }

    [Test]
    public async Task ArgumentsThatMeanNothingAreRefusedAtOnce()
    {
        await using var app = await new Script().StartAsync<OperatedController>(o => o.MaxResponseBodySize = 3);
        var keys = app.Operator();

        Assert.That(() => keys.ListAsync([]), Throws.ArgumentException);
        Assert.That(() => keys.ListAsync(All, TimeSpan.FromTicks(-1)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => keys.ListAsync(All, max: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => keys.ListAsync(All, policy: "unknown"), Throws.InvalidOperationException);
        Assert.That(async () => await keys.FindListedAsync(""), Throws.ArgumentException);
        Assert.That(async () => await keys.ResolveListedAsync("handle", OperatedApp.Answer("too long")), Throws.ArgumentException);
    }

    private static async Task<string[]> StatesAsync(TestApp app, params FoundKeyState[] states)
    {
        string[] keys = ["completed", "failed", "large", "hangs"];
        var names = keys.ToDictionary(key => app.Operator().LogHashOf(OperatedApp.Anyone, key));
        return [.. (await ListAsync(app, states)).Select(key => $"{names[key.LogHash]} {key.State}")];
    }

    private static Task<List<ListedKey>> ListAsync(TestApp app, params FoundKeyState[] states) =>
        app.Operator().ListAsync(states).ToListAsync().AsTask();

    private static Task<List<ListedKey>> ListAsync(TestApp app, TimeSpan olderThan, params FoundKeyState[] states) =>
        app.Operator().ListAsync(states, olderThan).ToListAsync().AsTask();

    private static Task<HttpResponseMessage> PostAsync(TestApp app, string key) => app.PostAsync("/orders", $"\"{key}\"");

    private Task<TestApp> StartAsync(
        Action<IdempotencyOptions>? options = null, IIdempotencyStore? store = null, Action<IServiceCollection>? services = null) =>
        new Script(async (http, run) =>
        {
            switch (http.Request.Headers["Idempotency-Key"].ToString().Trim('"'))
            {
                case "failed":
                    throw new InvalidOperationException("after its effect");
                case "large":
                    return new ContentResult { Content = new string('x', 5000) };
                case "hangs":
                    _entered.Fire();
                    await _release.WaitAsync();
                    break;
            }

            return Script.Answer(run);
        }).StartAsync<OperatedController>(
            o =>
            {
                OperatedApp.Block(o);
                o.WhenInterrupted = InterruptedBehavior.Block;
                o.MaxExecutionTime = TimeSpan.FromMinutes(2);
                o.Lease = TimeSpan.FromSeconds(30);
                o.MaxResponseBodySize = 1000;
                options?.Invoke(o);
            },
            _clock,
            store,
            services);

    /// <summary>Needs the storage key, as a protector that encrypts does.</summary>
    private sealed class Mirror : IResponseRecordProtector
    {
        public bool IsBroken { get; set; }

        public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination) =>
            Turn(storageKey, record, destination);

        public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
        {
            if (IsBroken)
                throw new IOException("The protector's key is lost.");
            Turn(storageKey, bytes, destination);
        }

        private static void Turn(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination)
        {
            var turned = bytes.ToArray();
            for (var i = 0; i < turned.Length; i++)
                turned[i] ^= (byte)storageKey[i % storageKey.Length];
            destination.Write(turned);
        }
    }
}
