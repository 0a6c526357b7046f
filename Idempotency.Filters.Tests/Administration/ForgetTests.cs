using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace Idempotency.Filters.Tests.Administration;

/// <summary>Forgetting all keys of a caller.</summary>
internal sealed class ForgetTests
{
    private static readonly IdempotencyScope Alice = IdempotencyScope.OfCaller("alice");

    [Test]
    public async Task AllOfOneCallerIsForgottenAndNothingOfOthers()
    {
        await using var app = await StartAsync();
        foreach (var caller in (string[])["alice", "bob"])
        {
            Assert.That(await AnswerAsync(app, "/orders", "1", caller), Does.StartWith("201"));
            Assert.That(await AnswerAsync(app, "/orders", "2", caller), Does.StartWith("201"));
            Assert.That(await AnswerAsync(app, "/orders/policy", "1", caller), Does.StartWith("201"));
        }

        Assert.That(await app.Operator().ForgetAsync(Alice), Is.EqualTo(3));

        Assert.That(await app.Operator().FindAsync(Alice, "1"), Is.Null);
        Assert.That(await app.Operator().FindAsync(Alice, "2"), Is.Null);
        Assert.That(await app.Operator().FindAsync(Alice, "1", "policy"), Is.Null);
        Assert.That(await AnswerAsync(app, "/orders", "1", "bob"), Does.EndWith("replayed"));
        Assert.That(await AnswerAsync(app, "/orders", "2", "bob"), Does.EndWith("replayed"));
        Assert.That(await AnswerAsync(app, "/orders/policy", "1", "bob"), Does.EndWith("replayed"));
        Assert.That(await AnswerAsync(app, "/orders", "1", "alice"), Does.Not.EndWith("replayed"));
    }

    [Test]
    public async Task EachKeyScopeOfACallerIsAScopeOfItsOwn()
    {
        await using var app = await StartAsync();
        await AnswerAsync(app, "/orders", "1", "alice", "t1");
        await AnswerAsync(app, "/orders", "1", "alice", "t2");

        Assert.That(await app.Operator().ForgetAsync(Alice), Is.Zero);
        Assert.That(await app.Operator().ForgetAsync(Alice.With("t1")), Is.EqualTo(1));

        Assert.That(await AnswerAsync(app, "/orders", "1", "alice", "t2"), Does.EndWith("replayed"));
    }

    [Test]
    public async Task RefusedKeysAreForgottenToo()
    {
        await using var app = await StartAsync(OperatedApp.Failing());
        await AnswerAsync(app, "/orders", "1", "alice");
        Assert.That(await AnswerAsync(app, "/orders", "1", "alice"), Is.EqualTo("409 outcome-unknown"));

        Assert.That(await app.Operator().ForgetAsync(Alice), Is.EqualTo(1));

        Assert.That(await AnswerAsync(app, "/orders", "1", "alice"), Does.StartWith("201"));
    }

    [Test]
    public async Task NothingIsForgottenWhenOneStoreCannot()
    {
        var unable = new Mock<IIdempotencyStore>();
        unable.As<IIdempotencyStoreAdministration>().Setup(s => s.CanForget).Returns(false);
        await using var app = await StartAsync(eu: unable.Object);
        await AnswerAsync(app, "/orders", "1", "alice");

        Assert.That(
            async () => await app.Operator().ForgetAsync(Alice),
            Throws.TypeOf<NotSupportedException>()
                .With.Message.StartsWith("The store \"eu\" (").And.Message.Contains("Nothing was removed"));
        Assert.That(await AnswerAsync(app, "/orders", "1", "alice"), Does.EndWith("replayed"));
    }

    [Test]
    public async Task NothingIsForgottenWhenOneStoreCannotBeAdministered()
    {
        await using var app = await StartAsync(eu: Mock.Of<IIdempotencyStore>());
        await AnswerAsync(app, "/orders", "1", "alice");

        Assert.That(
            async () => await app.Operator().ForgetAsync(Alice),
            Throws.TypeOf<NotSupportedException>().With.Message.StartsWith("The store \"eu\" ("));
        Assert.That(await AnswerAsync(app, "/orders", "1", "alice"), Does.EndWith("replayed"));
    }

    [Test]
    public async Task CountIsLoggedWithoutTheCaller()
    {
        await using var app = await StartAsync();
        await AnswerAsync(app, "/orders", "1", "alice");

        await app.Operator().ForgetAsync(Alice);

        Assert.That(app.Logs.Lines.Single(line => line.Id.Id == 81).Message, Does.StartWith("1 "));
        Assert.That(app.Logs.Lines, Has.None.Matches<LogLine>(line => line.Id.Id == 81 && line.Message.Contains("alice")));
    }

    private static Task<string> AnswerAsync(TestApp app, string path, string key, string caller, string? tenant = null) =>
        app.AnswerAsync(path, key, null, tenant is null ? [$"X-Caller: {caller}"] : [$"X-Caller: {caller}", $"X-Tenant: {tenant}"]);

    private static Task<TestApp> StartAsync(Script? script = null, IIdempotencyStore? eu = null) =>
        (script ?? new Script()).StartAsync<TwoPoliciesController>(
            o =>
            {
                OperatedApp.Block(o);
                o.CallerId = http => http.Request.Headers["X-Caller"];
                o.KeyScope = http => http.Request.Headers.TryGetValue("X-Tenant", out var tenant) ? (string?)tenant : null;
            },
            services: s => s.AddIdempotency()
                .AddStore("eu", store => _ = eu is null ? store.UseMemory() : store.UseStore((_, _) => eu))
                .AddPolicy("policy", o => (o.StoreName, o.KeyPrefix) = ("eu", "eu:"))
                .AddPolicy("same place", o => o.Retention = TimeSpan.FromDays(7)));
}
