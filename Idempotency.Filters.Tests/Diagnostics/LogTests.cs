using System.Net.Http.Json;
using Idempotency.Filters.Diagnostics;
using Idempotency.Filters.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Moq;

namespace Idempotency.Filters.Tests.Diagnostics;

/// <summary>What is logged: stable events, and the key only as a hash.</summary>
internal sealed class LogTests
{
    private const string Secret = "top-secret-key";

    [Test]
    public async Task KeyBodyAndCallerAppearInNoLineAtAnyLevel()
    {
        await using var app = await StartAsync();
        string[] paths = ["", "/bad", "/error", "/throw", "/optional", "/policy", "/large", "/refused"];

        foreach (var path in paths)
        {
            foreach (var attempt in Enumerable.Range(0, 2))
                await app.AnswerAsync($"/observed{path}", Secret + path.Replace('/', '-'), JsonContent.Create("secret body"));
        }

        await app.AnswerAsync("/observed", Secret, JsonContent.Create("other secret body"));
        await app.AnswerAsync("/observed", $"{Secret},{Secret}");

        await app.FinishAsync();
        Assert.That(Own(app), Has.Count.GreaterThan(10));
        Assert.That(Own(app).Select(line => $"{line.Message} {line.Exception}"), Has.None.Contains("secret"));
    }

    [Test]
    public async Task StoreFailureDoesNotTellTheKey()
    {
        await using var app = await StartAsync(s => s.AddIdempotency().UseStore((_, _) => DownStore()));

        await app.AnswerAsync("/observed", Secret);

        await app.FinishAsync();
        Assert.That(Own(app).Select(line => line.Id.Id), Does.Contain(6));
        Assert.That(Own(app).Select(line => line.Message), Has.None.Contains("secret"));
    }

    [Test]
    public async Task FirstRequestAndItsReplayAreLoggedUnderTheSameHash()
    {
        await using var app = await StartAsync();

        await app.AnswerAsync("/observed", Secret);
        await app.AnswerAsync("/observed", Secret);

        await app.FinishAsync();
        var lines = Own(app).Where(line => line.Message.StartsWith("Idempotency key ", StringComparison.Ordinal)).ToList();
        Assert.That(lines.Select(line => (line.Id.Id, line.Level)), Is.EqualTo(
            [(1, LogLevel.Debug), (2, LogLevel.Debug), (4, LogLevel.Information)]));
        Assert.That(lines.Select(line => line.Message.Split(' ', ':')[2]).Distinct().Single(), Does.Match("^[0-9a-f]{12}$"));
    }

    [TestCase("/observed/error", "k", 3, LogLevel.Debug)]
    [TestCase("/observed", null, 5, LogLevel.Information)]
    [TestCase("/observed/large", "k", 13, LogLevel.Warning)]
    [TestCase("/observed/refused", "k", 15, LogLevel.Warning)]
    public async Task EventIsLogged(string path, string? key, int id, LogLevel level)
    {
        await using var app = await StartAsync();

        await app.AnswerAsync(path, key);

        await app.FinishAsync();
        Assert.That(Own(app).Select(line => (line.Id.Id, line.Level)), Does.Contain((id, level)));
    }

    [Test]
    public async Task RejectionNamesTheEndpointAndTheHashThatSupportCanAskFor()
    {
        await using var app = await StartAsync();
        await app.AnswerAsync("/observed", Secret);
        await app.AnswerAsync("/observed?other", $"\"{Secret}\"");
        await app.AnswerAsync("/observed", null);
        await app.AnswerAsync("/observed", "a,b");

        await app.FinishAsync();
        var lines = Own(app).Where(line => line.Id.Id == 5).Select(line => line.Message).ToList();
        var hash = app.Services.GetRequiredService<IIdempotencyAdministration>().LogHashOf(IdempotencyScope.Anonymous, Secret);
        Assert.That(hash, Does.Match("^[0-9a-f]{12}$"));
        Assert.That(lines, Has.All.Contains("ObservedController"));
        Assert.That(lines[0], Does.StartWith($"Idempotency key {hash}: ").And.Contains("key-reused"));
        Assert.That(lines[1], Does.StartWith("Idempotency key none: ").And.Contains("key-missing"));
        Assert.That(lines[2], Does.StartWith("Idempotency key none: ").And.Contains("key-malformed"));
        Assert.That(Own(app).Where(line => line.Id.Id is 1 or 2).Select(line => line.Message), Has.All.Contains(hash));
    }

    [Test]
    public async Task OutageIsLoggedOnceASecondWithACountOfTheRest([Values] StoreDownBehavior whenDown)
    {
        var clock = new FakeTimeProvider();
        await using var app = await StartAsync(s =>
            s.AddSingleton<TimeProvider>(clock).AddIdempotency(o => o.WhenStoreIsDown = whenDown).UseStore((_, _) => DownStore()));

        foreach (var second in Enumerable.Range(0, 3))
        {
            foreach (var request in Enumerable.Range(0, 10))
                await app.AnswerAsync("/observed", $"{second}-{request}");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        await app.FinishAsync();
        foreach (var id in (int[])[6, whenDown is StoreDownBehavior.Reject ? 5 : 14])
        {
            var lines = Own(app).Where(line => line.Id.Id == id).Select(line => line.Message).ToList();
            Assert.That(lines, Has.Count.EqualTo(3));
            Assert.That(lines[0], Does.Not.Contain("left out"));
            Assert.That(lines[1..], Has.All.EndsWith("Since the last such line 9 more were left out."));
        }
    }

    [Test]
    public async Task CoveredActionsAreListedAtStart()
    {
        await using var app = await StartAsync();

        var covered = Own(app).Where(line => line.Id.Id == 17).Select(line => line.Message).ToList();
        Assert.That(covered, Has.One.Contains("ObservedController.Policy").And.One.Contains("checkout"));
        Assert.That(covered, Has.None.Contains("Exempt"));
    }

    [Test]
    public void EventIdsAreUnique()
    {
        var ids = typeof(Log).GetMethods().SelectMany(method => method.GetCustomAttributes(typeof(LoggerMessageAttribute), false))
            .Cast<LoggerMessageAttribute>().Select(message => message.EventId).ToList();

        Assert.That(ids, Is.Unique.And.Not.Empty);
    }

    private static List<LogLine> Own(TestApp app) =>
        [.. app.Logs.Lines.Where(line => line.Category.StartsWith("Idempotency.Filters.", StringComparison.Ordinal))];

    private static Task<TestApp> StartAsync(Action<IServiceCollection>? services = null) => Answers.StartAsync(
        [typeof(ObservedController)],
        s =>
        {
            s.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace));
            s.AddIdempotency().AddPolicy("checkout", _ => { });
            services?.Invoke(s);
        },
        Answers.ShowErrors);

    private static IIdempotencyStore DownStore()
    {
        var store = new Mock<IIdempotencyStore>();
        store.Setup(s => s.ClaimAsync(It.IsAny<StorageKey>(), It.IsAny<ClaimOptions>(), It.IsAny<CancellationToken>()))
            .Throws(new TimeoutException());
        return store.Object;
    }
}
