using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>Where an operator's key is looked up, and the error when it cannot be.</summary>
internal sealed class PlaceTests
{
    [TestCase(null, "eu:", TestName = "A policy with a prefix of its own is administered there")]
    [TestCase("eu", "idempotency:", TestName = "A policy with a store of its own is administered there")]
    [TestCase("eu", "eu:", TestName = "A policy with both of its own is administered there")]
    public async Task PolicyTellsWhereTheKeyIs(string? store, string prefix)
    {
        await using var app = await OperatedApp.Failing().StartAsync<TwoPoliciesController>(
            OperatedApp.Block,
            services: s => s.AddIdempotency()
                .AddStore("eu", eu => eu.UseMemory())
                .AddPolicy("policy", o => (o.StoreName, o.KeyPrefix) = (store, prefix)));
        using var failed = await app.PostAsync("/orders/policy", "k");

        Assert.That(await app.StateAsync("k"), Is.Null);
        Assert.That(await app.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.NotFound));
        Assert.That(await app.StateAsync("k", "policy"), Is.EqualTo(FoundKeyState.Failed));
        Assert.That(await app.CompleteAsync("k", "policy"), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await app.PostAsync("/orders/policy", "k");
        await retry.IsByHandAsync();
    }

    [Test]
    public async Task UnknownPolicyIsNamed()
    {
        await using var app = await new Script().StartAsync<OperatedController>(
            services: s => s.AddIdempotency().AddPolicy("checkout", _ => { }));

        Assert.That(
            async () => await app.StateAsync("k", "chekout"),
            Throws.InvalidOperationException
                .With.Message.Contains("'chekout', which is not registered").And.Message.Contains("'checkout'"));
    }

    [Test]
    public async Task StoreThatCannotBeAdministeredIsNamed()
    {
        await using var app = await new Script().StartAsync<OperatedController>(store: Mock.Of<IIdempotencyStore>());
        Func<Task>[] calls =
        [
            async () => await app.StateAsync("k"),
            async () => await app.FreeAsync("k"),
            async () => await app.Operator().ForgetAsync(OperatedApp.Anyone),
        ];

        foreach (var call in calls)
        {
            Assert.That(call, Throws.TypeOf<NotSupportedException>()
                .With.Message.StartsWith("The default store (").And.Message.Contains(nameof(IIdempotencyStoreAdministration)));
        }
    }

    [TestCase("", KeyFormat.Any)]
    [TestCase("z\u00fcrich", KeyFormat.Any)]
    [TestCase("abc", KeyFormat.Uuid)]
    public async Task KeyThatNoRequestCouldHaveIsRefused(string key, KeyFormat format)
    {
        await using var app = await new Script().StartAsync<OperatedController>(o => o.KeyFormat = format);

        Assert.That(
            async () => await app.StateAsync(key),
            Throws.ArgumentException.With.Message.StartsWith("Send a").Or.Message.StartsWith("A key"));
    }

    [Test]
    public async Task KeyIsComparedAsThatOfARequest()
    {
        const string Key = "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6";
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(o =>
        {
            OperatedApp.Block(o);
            o.KeyFormat = KeyFormat.Uuid;
        });
        using var failed = await app.PostAsync("/orders", $"\"{Key}\"");

        Assert.That(await app.StateAsync(Key), Is.EqualTo(FoundKeyState.Failed));
        Assert.That(await app.StateAsync(Key.ToLowerInvariant()), Is.EqualTo(FoundKeyState.Failed));
    }

    [Test]
    public async Task AnswerThatThePolicyCouldNotKeepIsRefused()
    {
        await using var app = await OperatedApp.Failing().StartAsync<OperatedController>(o =>
        {
            OperatedApp.Block(o);
            o.MaxResponseBodySize = 6;
        });
        using var failed = await app.PostAsync("/orders", "k");

        Assert.That(async () => await app.CompleteAsync("k"), Throws.ArgumentException.With.Message.Contains("MaxResponseBodySize"));
        Assert.That(await app.StateAsync("k"), Is.EqualTo(FoundKeyState.Failed));
    }

    [Test]
    public async Task KeyThatChangesMeanwhileIsToldAndNotLoggedAsResolved()
    {
        var store = new Mock<IIdempotencyStore>();
        store.As<IIdempotencyStoreAdministration>()
            .Setup(s => s.FindAsync(It.IsAny<StorageKey>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new StoredKey(ClaimOutcome.Interrupted, default, "1"));
        await using var app = await new Script().StartAsync<OperatedController>(store: store.Object);

        Assert.That(await app.FreeAsync("k"), Is.EqualTo(ResolveOutcome.Changed));
        Assert.That(app.Logs.Lines, Has.None.Matches<LogLine>(line => line.Id.Id == 80));
    }

    [Test]
    public async Task RecordThatCannotBeReadIsToldAndStays()
    {
        var store = new MemoryIdempotencyStore(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        var script = new Script();
        await using var before = await script.StartAsync<OperatedController>(store: store, services: new KeyRing().Protect);
        await using var after = await script.StartAsync<OperatedController>(store: store, services: new KeyRing().Protect);
        using var first = await before.PostAsync("/orders", "k");

        var found = await after.Operator().FindAsync(OperatedApp.Anyone, "k");

        Assert.That(found!.State, Is.EqualTo(FoundKeyState.Unreadable));
        Assert.That(found.Created, Is.Null);
        using var retry = await before.PostAsync("/orders", "k");
        await retry.IsReplayOfAsync(1);
    }

    [Test]
    public async Task RecordThatCannotBeReadIsResolved()
    {
        var store = new MemoryIdempotencyStore(new(), TimeProvider.System, NullLogger<MemoryIdempotencyStore>.Instance);
        var script = new Script();
        await using var before = await script.StartAsync<OperatedController>(store: store, services: new KeyRing().Protect);
        await using var after = await script.StartAsync<OperatedController>(store: store, services: new KeyRing().Protect);
        using var first = await before.PostAsync("/orders", "k");

        Assert.That(await after.CompleteAsync("k"), Is.EqualTo(ResolveOutcome.Resolved));

        using var retry = await after.PostAsync("/orders", "k");
        await retry.IsByHandAsync();
    }
}
