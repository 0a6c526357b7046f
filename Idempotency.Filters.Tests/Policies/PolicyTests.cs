using Idempotency.Filters.Policies;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Policies;

/// <summary>What a policy starts from, and which setting overrides which.</summary>
internal sealed class PolicyTests
{
    [TestCaseSource(nameof(Orders))]
    public void PolicyStartsFromAllSettingsWhateverTheOrder(Action<IServiceCollection> configure)
    {
        var options = Build(configure, new IdempotentAttribute("p"));

        Assert.That((options.MaxKeyLength, options.RetryAfter.TotalSeconds, options.KeyPrefix), Is.EqualTo((77, 7, "own:")));
    }

    [Test]
    public void PolicyOfSeveralCallsAddsUp()
    {
        var options = Build(
            s => s.AddIdempotency()
                .AddPolicy("p", o => (o.MaxKeyLength, o.KeyPrefix) = (10, "p:"))
                .AddPolicy("q", o => o.KeyPrefix = "q:")
                .AddPolicy("p", o => o.MaxKeyLength = 20),
            new IdempotentAttribute("p"));

        Assert.That((options.MaxKeyLength, options.KeyPrefix), Is.EqualTo((20, "p:")));
    }

    [Test]
    public void PolicyDoesNotChangeTheDefaultsOrAnotherPolicy()
    {
        static void Configure(IServiceCollection services) => services.AddIdempotency()
            .AddPolicy("p", o => o.Methods.Add("PUT")).AddPolicy("q", _ => { });
        using var provider = Provider(Configure);
        var policies = provider.GetRequiredService<IdempotencyPolicies>();

        Assert.That(policies.Build(new IdempotentAttribute("p"), "x")!.Covers("PUT"), Is.True);
        Assert.That(policies.Build(new IdempotentAttribute("q"), "x")!.Covers("PUT"), Is.False);
        Assert.That(policies.Build(new IdempotentAttribute(), "x")!.Covers("PUT"), Is.False);
    }

    [Test]
    public void PolicyNamesAreComparedExactly() => Assert.That(
        () => Build(s => s.AddIdempotency().AddPolicy("P", _ => { }), new IdempotentAttribute("p")),
        Throws.InvalidOperationException.With.Message.Contains("'p'"));

    [Test]
    public void AttributeGoesOverThePolicy()
    {
        var options = Build(
            s => s.AddIdempotency(o => o.Lease = TimeSpan.FromSeconds(3)).AddPolicy("p", o => o.Lease = TimeSpan.FromSeconds(4)),
            new IdempotentAttribute("p") { LeaseSeconds = 5 });

        Assert.That(options.Lease, Is.EqualTo(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public void WhatAnAttributeDoesNotSetStaysAsThePolicyHasIt()
    {
        var options = Build(
            s => s.AddIdempotency().AddPolicy("p", o =>
            {
                (o.KeyRequired, o.HeaderName, o.KeyFormat, o.WhenInFlight) = (false, "X-Key", KeyFormat.UuidV4, InFlightBehavior.Wait);
                (o.WhenFailed, o.WhenInterrupted, o.MaxResponseBodySize) = (FailureBehavior.Block, InterruptedBehavior.Block, 5);
                (o.Retention, o.MaxExecutionTime) = (null, null);
            }),
            new IdempotentAttribute("p"));

        Assert.That((options.KeyRequired, options.HeaderName, options.KeyFormat), Is.EqualTo((false, "X-Key", KeyFormat.UuidV4)));
        Assert.That((options.WhenInFlight, options.WhenFailed), Is.EqualTo((InFlightBehavior.Wait, FailureBehavior.Block)));
        Assert.That((options.WhenInterrupted, options.MaxResponseBodySize), Is.EqualTo((InterruptedBehavior.Block, 5L)));
        Assert.That((options.Retention, options.MaxExecutionTime), Is.EqualTo(((TimeSpan?)null, (TimeSpan?)null)));
    }

    [TestCaseSource(nameof(Properties))]
    public object? AttributePropertyGoesOverItsOption(IdempotentAttribute attribute, Func<IdempotencyOptions, object?> read) =>
        read(Build(s => s.AddIdempotency().UseStore((_, _) => new TransactionalStore()), attribute));

    [Test]
    public void InfinityOnAnAttributeIsNoLimit()
    {
        var options = Build(s => s.AddIdempotency(), new IdempotentAttribute
        {
            RetentionSeconds = double.PositiveInfinity,
            MaxExecutionSeconds = double.PositiveInfinity,
        });

        Assert.That((options.Retention, options.MaxExecutionTime), Is.EqualTo(((TimeSpan?)null, (TimeSpan?)null)));
    }

    [TestCase(double.NegativeInfinity)]
    [TestCase(double.NaN)]
    public void OtherNumbersThatAreNoneAreRefused(double seconds) => Assert.That(
        () => Build(s => s.AddIdempotency(), new IdempotentAttribute { RetentionSeconds = seconds }),
        Throws.InvalidOperationException.With.Message.Contains("RetentionSeconds"));

    [Test]
    public void InfinityIsNoLease() => Assert.That(
        () => Build(s => s.AddIdempotency(), new IdempotentAttribute { LeaseSeconds = double.PositiveInfinity }),
        Throws.InvalidOperationException.With.Message.Contains("LeaseSeconds"));

    [Test]
    public void EveryAttributePropertyIsTested()
    {
        var settable = typeof(IdempotentAttribute).GetProperties().Where(property => property.CanWrite).Select(property => property.Name);

        Assert.That(Properties().Select(test => test.TestName), Is.EquivalentTo(settable));
    }

    [Test]
    public async Task KeyRequiredOfTheAttributeHasItsEffect()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync("/policies/optional", null), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/policies/optional", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/policies/optional", "k"), Is.EqualTo("200 2 replayed"));
        Assert.That(await app.AnswerAsync("/policies/optional", ""), Is.EqualTo("400 key-malformed"));
    }

    [Test]
    public async Task HeaderNameOfTheAttributeHasItsEffect()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync("/policies/header", "k"), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync("/policies/header", null, null, "X-Key: k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/policies/header", null, null, "X-Key: k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task MethodsOfTheAttributeReplaceThePolicys()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync(HttpMethod.Put, "/policies/put", null), Is.EqualTo("400 key-missing"));
        Assert.That(await app.AnswerAsync(HttpMethod.Post, "/policies/put", null), Is.EqualTo("200 1"));
    }

    [Test]
    public async Task KeyFormatOfTheAttributeHasItsEffect()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync("/policies/uuid", "k"), Is.EqualTo("400 key-malformed"));
        Assert.That(await app.AnswerAsync("/policies/uuid", "1B4E28BA-2FA1-41D2-883F-0016D3CCA427"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/policies/uuid", "1b4e28ba-2fa1-41d2-883f-0016d3cca427"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task MaxResponseBodySizeOfTheAttributeHasItsEffect()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync("/policies/small", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/policies/small", "k"), Is.EqualTo("409 not-replayable"));
    }

    [Test]
    public async Task WhenFailedOfTheAttributeHasItsEffect()
    {
        await using var app = await Answers.StartAsync([typeof(PolicyController)]);

        Assert.That(await app.AnswerAsync("/policies/failing", "k"), Is.EqualTo("500 1"));
        Assert.That(await app.AnswerAsync("/policies/failing", "k"), Is.EqualTo("409 outcome-unknown"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [TestCase("/policies/for-ever")]
    [TestCase("/policies/keep-for-ever")]
    public async Task LongestRetentionKeepsTheRecord(string path)
    {
        await using var app = await Answers.StartAsync(
            [typeof(LongPolicyController)], s => s.AddIdempotency().AddPolicy("long", o => o.Retention = TimeSpan.MaxValue));

        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync(path, "k"), Is.EqualTo("200 1 replayed"));
    }

    [Test]
    public async Task NamedStoreKeepsItsRecordsApart()
    {
        await using var app = await Answers.StartAsync(
            app =>
            {
                app.MapPost("/x", [Idempotent] (Runs runs) => runs.Next()).RequireIdempotency();
                app.MapPost("/y", [Idempotent("eu")] (Runs runs) => runs.Next()).RequireIdempotency();
            },
            s => s.AddIdempotency().AddStore("eu", store => store.UseMemory()).AddPolicy("eu", o => o.StoreName = "eu"));

        // In the same store the second would get 422, because the path differs.
        Assert.That(await app.AnswerAsync("/x", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/y", "k"), Is.EqualTo("200 2"));
        Assert.That(await app.AnswerAsync("/x", "k"), Is.EqualTo("200 1 replayed"));
        Assert.That(await app.AnswerAsync("/y", "k"), Is.EqualTo("200 2 replayed"));
    }

    [Test]
    public void NamedMemoryStoresHaveTheirOwnBounds()
    {
        using var provider = Provider(
            s => s.AddIdempotency().UseMemory(o => o.MaxEntries = 5).AddStore("eu", store => store.UseMemory(o => o.MaxEntries = 6)));
        var options = provider.GetRequiredService<Microsoft.Extensions.Options.IOptionsMonitor<MemoryStoreOptions>>();

        Assert.That((options.CurrentValue.MaxEntries, options.Get("eu").MaxEntries), Is.EqualTo((5, 6)));
        Assert.That(
            provider.GetRequiredKeyedService<IIdempotencyStore>("eu"), Is.Not.SameAs(provider.GetRequiredService<IIdempotencyStore>()));
    }

    [Test]
    public void LaterAddIdempotencyKeepsTheChosenStore()
    {
        var store = Moq.Mock.Of<IIdempotencyStore>();
        using var provider = Provider(s =>
        {
            s.AddIdempotency().UseStore((_, _) => store);
            s.AddIdempotency();
        });

        Assert.That(provider.GetRequiredService<IIdempotencyStore>(), Is.SameAs(store));
    }

    [Test]
    public void StoreOfTheLastCallOfAddIdempotencyCounts()
    {
        var store = Moq.Mock.Of<IIdempotencyStore>();
        using var provider = Provider(s =>
        {
            s.AddIdempotency().UseMemory();
            s.AddIdempotency().UseStore((_, _) => store);
        });

        Assert.That(provider.GetServices<IIdempotencyStore>(), Is.EqualTo([store]));
    }

    [Test]
    public async Task MinimalApiEndpointsUseTheNamedPolicy()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/x", (Runs runs) => runs.Next()).RequireIdempotency("p"),
            s => s.AddIdempotency().AddPolicy("p", o => o.ReplayStatusCode = 208));

        Assert.That(await app.AnswerAsync("/x", "k"), Is.EqualTo("200 1"));
        Assert.That(await app.AnswerAsync("/x", "k"), Is.EqualTo("208 1 replayed"));
    }

    private static IEnumerable<TestCaseData> Orders()
    {
        static void Policy(IServiceCollection s) => s.AddIdempotency().AddPolicy("p", o => o.KeyPrefix = "own:");
        static void One(IServiceCollection s) => s.AddIdempotency(o => (o.MaxKeyLength, o.KeyPrefix) = (77, "default:"));
        static void Two(IServiceCollection s) => s.AddIdempotency(o => o.RetryAfter = TimeSpan.FromSeconds(7));
        static void Plain(IServiceCollection s) =>
            s.Configure<IdempotencyOptions>(o => (o.MaxKeyLength, o.RetryAfter) = (77, TimeSpan.FromSeconds(7)));
        static void Post(IServiceCollection s) =>
            s.PostConfigure<IdempotencyOptions>(o => (o.MaxKeyLength, o.RetryAfter) = (77, TimeSpan.FromSeconds(7)));
        static void Bound(IServiceCollection s) => s.Configure<IdempotencyOptions>(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["MaxKeyLength"] = "77", ["RetryAfter"] = "00:00:07" }).Build());

        yield return Order("settings, settings, policy", One, Two, Policy);
        yield return Order("policy, settings, settings", Policy, One, Two);
        yield return Order("settings, policy, settings", One, Policy, Two);
        yield return Order("policy, Configure", Policy, Plain);
        yield return Order("Configure, policy", Plain, Policy);
        yield return Order("PostConfigure, policy", Post, Policy);
        yield return Order("configuration, policy", Bound, Policy);
        yield return Order("policy, configuration", Policy, Bound);
    }

    private static TestCaseData Order(string name, params Action<IServiceCollection>[] steps) =>
        new TestCaseData((IServiceCollection services) => Array.ForEach(steps, step => step(services)))
            .SetName($"Policy starts from all settings: {name}");

    private static IEnumerable<TestCaseData> Properties()
    {
        yield return Property(nameof(IdempotentAttribute.KeyRequired), new() { KeyRequired = false }, o => o.KeyRequired, false);
        yield return Property(nameof(IdempotentAttribute.HeaderName), new() { HeaderName = "X" }, o => o.HeaderName, "X");
        yield return Property(
            nameof(IdempotentAttribute.KeyFormat), new() { KeyFormat = KeyFormat.Uuid }, o => o.KeyFormat, KeyFormat.Uuid);
        yield return Property(nameof(IdempotentAttribute.Methods), new() { Methods = ["PUT"] }, o => string.Join(' ', o.Methods), "PUT");
        yield return Property(
            nameof(IdempotentAttribute.RetentionSeconds), new() { RetentionSeconds = 60.5 }, o => o.Retention?.TotalSeconds, 60.5);
        yield return Property(nameof(IdempotentAttribute.LeaseSeconds), new() { LeaseSeconds = 2.5 }, o => o.Lease.TotalSeconds, 2.5);
        yield return Property(
            nameof(IdempotentAttribute.MaxExecutionSeconds), new() { MaxExecutionSeconds = 9 }, o => o.MaxExecutionTime?.TotalSeconds, 9d);
        yield return Property(
            nameof(IdempotentAttribute.MaxResponseBodySize), new() { MaxResponseBodySize = 8 }, o => o.MaxResponseBodySize, 8L);
        yield return Property(
            nameof(IdempotentAttribute.WhenInFlight),
            new() { WhenInFlight = InFlightBehavior.Wait },
            o => o.WhenInFlight,
            InFlightBehavior.Wait);
        yield return Property(
            nameof(IdempotentAttribute.WaitTimeoutSeconds), new() { WaitTimeoutSeconds = 7 }, o => o.WaitTimeout.TotalSeconds, 7d);
        yield return Property(
            nameof(IdempotentAttribute.WhenInterrupted),
            new() { WhenInterrupted = InterruptedBehavior.Block },
            o => o.WhenInterrupted,
            InterruptedBehavior.Block);
        yield return Property(
            nameof(IdempotentAttribute.WhenFailed), new() { WhenFailed = FailureBehavior.Block }, o => o.WhenFailed, FailureBehavior.Block);
        yield return Property(nameof(IdempotentAttribute.Transactional), new() { Transactional = true }, o => o.Transactional, true);
    }

    private static TestCaseData Property(
        string name, IdempotentAttribute attribute, Func<IdempotencyOptions, object?> read, object expected) =>
        new TestCaseData(attribute, read) { ExpectedResult = expected }.SetName(name);

    private static IdempotencyOptions Build(Action<IServiceCollection> configure, IdempotentAttribute attribute)
    {
        using var provider = Provider(configure);
        return provider.GetRequiredService<IdempotencyPolicies>().Build(attribute, "Test")!.Options;
    }

    private static ServiceProvider Provider(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        configure(services);
        return services.BuildServiceProvider();
    }
}

[ApiController, Route("policies")]
public sealed class PolicyController(Runs runs) : ControllerBase
{
    [HttpPost("optional"), Idempotent(KeyRequired = false)]
    public int Optional() => runs.Next();

    [HttpPost("header"), Idempotent(HeaderName = "X-Key")]
    public int Header() => runs.Next();

    [AcceptVerbs("PUT", "POST", Route = "put"), Idempotent(Methods = ["PUT"])]
    public int Put() => runs.Next();

    [HttpPost("uuid"), Idempotent(KeyFormat = KeyFormat.UuidV4)]
    public int Uuid() => runs.Next();

    [HttpPost("small"), Idempotent(MaxResponseBodySize = 0)]
    public int Small() => runs.Next();

    [HttpPost("failing"), Idempotent(WhenFailed = FailureBehavior.Block)]
    public ActionResult Failing() => StatusCode(500, runs.Next());
}

[ApiController, Route("policies")]
public sealed class LongPolicyController(Runs runs) : ControllerBase
{
    [HttpPost("for-ever"), Idempotent("long")]
    public int ForEver() => runs.Next();

    [HttpPost("keep-for-ever"), Idempotent]
    public int KeepForEver(IIdempotencyContext idempotency)
    {
        idempotency.KeepFor(TimeSpan.MaxValue);
        return runs.Next();
    }
}
