using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using Idempotency.Filters.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Budgets;

/// <summary>What the filter adds to the bytes that a request allocates on Kestrel: differences of averages in one process.</summary>
[NonParallelizable]
internal sealed class AllocationTests
{
    // Requests come from one raw socket, which allocates nothing: what the rest of the process adds is far below this.
    private const double Noise = 24;

    private TestApp? _app;
    private TestApp? _optOut;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (typeof(IdempotencyFilter).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
            Assert.Ignore("The budgets are those of optimised code: run the tests with -c Release.");

        _app = await TestApp.StartAsync([typeof(BareController), typeof(CoveredController)], s => s.AddIdempotency(), server: Quiet);
        _optOut = await TestApp.StartAsync(
            [typeof(BareController), typeof(UncoverableController)],
            services =>
            {
                services.AddIdempotency();
                services.Configure<MvcOptions>(options => options.Filters.Add<IdempotencyFilter>());
            },
            server: Quiet);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await (_app?.DisposeAsync() ?? default);
        await (_optOut?.DisposeAsync() ?? default);
    }

    [TestCase("POST", "/exempt")]
    [TestCase("PUT", "/put")]
    public void AnActionThatCanNeverBeCoveredAddsNothing(string method, string path)
    {
        var bare = Measure(_app, method, "/bare", freshKeys: false).Allocated;
        var uncoverable = Measure(_optOut, method, path, freshKeys: false).Allocated;

        TestContext.Out.WriteLine($"bare {bare:F0} B, under a global filter {uncoverable:F0} B a request");
        Assert.That(uncoverable - bare, Is.LessThan(Noise));
    }

    [Test]
    public void AFirstRequestAddsNoMoreThanItsBudgetToTheStoredRecord()
    {
        var bare = Measure(_app, "POST", "/bare", freshKeys: false);
        var first = Measure(_app, "POST", "/covered", freshKeys: true);

        var added = first.Allocated - bare.Allocated - first.Retained;
        TestContext.Out.WriteLine(
            $"bare {bare.Allocated:F0} B, first request {first.Allocated:F0} B, of which {first.Retained:F0} B stay as the record: {added:F0} B added");
        Assert.That(added, Is.LessThan(1536 + Noise));
    }

    [Test]
    public void AReplayAllocatesLessThanTheBareAction()
    {
        var bare = Measure(_app, "POST", "/bare", freshKeys: false).Allocated;
        var replay = Measure(_app, "POST", "/covered", freshKeys: false).Allocated;

        TestContext.Out.WriteLine($"bare {bare:F0} B, replay {replay:F0} B");
        Assert.That(replay, Is.LessThan(bare));
    }

    private static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();

    /// <summary>Bytes a request: the least of several rounds, since whatever else the process does only adds.</summary>
    private static (double Allocated, double Retained) Measure(TestApp? app, string method, string path, bool freshKeys)
    {
        const int Rounds = 6;
        const int Requests = 2_000;
        using var load = new Load(app, method, path, freshKeys);
        load.Run(Requests);

        var least = long.MaxValue;
        var alive = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < Rounds; round++)
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            load.Run(Requests);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - allocated);
        }

        alive = GC.GetTotalMemory(forceFullCollection: true) - alive;
        return (least / (double)Requests, Math.Max(0, alive) / (double)(Rounds * Requests));
    }

    /// <summary>The same request again and again, with the same key or a fresh one each time.</summary>
    private sealed class Load : IDisposable
    {
        private const string Digits = "00000000";
        private static int _sent;

        private readonly RawConnection _connection;
        private readonly byte[] _request;
        private readonly int _digits;
        private readonly bool _freshKeys;

        public Load(TestApp? app, string method, string path, bool freshKeys)
        {
            const string Body = """{"amount":12.5,"currency":"EUR","reference":"inv-7"}""";
            _connection = new RawConnection(app!.Address);
            _freshKeys = freshKeys;
            _request = Encoding.ASCII.GetBytes(
                $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n"
                + $"Idempotency-Key: 5f0a8f1c-7a57-4f4e-9b1e-{Digits}fresh\r\n\r\n{Body}");
            _digits = _request.AsSpan().IndexOf("00000000"u8);
        }

        public void Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                if (_freshKeys)
                    (++_sent).TryFormat(_request.AsSpan(_digits, Digits.Length), out _, "D8", CultureInfo.InvariantCulture);
                _connection.Send(_request);
                _connection.Receive();
            }
        }

        public void Dispose() => _connection.Dispose();
    }
}

public sealed record Command(decimal Amount, string Currency, string Reference);

public sealed record Payment(Guid Id, decimal Amount, string Currency, string Reference)
{
    public static Payment Of(Command command) => new(Guid.NewGuid(), command.Amount, command.Currency, command.Reference);
}

[ApiController]
public sealed class BareController : ControllerBase
{
    [AcceptVerbs("POST", "PUT", Route = "bare"), IdempotencyExempt]
    public ActionResult<Payment> Create(Command command) => Created("/payments/1", Payment.Of(command));
}

[ApiController]
public sealed class CoveredController : ControllerBase
{
    [HttpPost("covered"), Idempotent]
    public ActionResult<Payment> Create(Command command) => Created("/payments/1", Payment.Of(command));
}

[ApiController]
public sealed class UncoverableController : ControllerBase
{
    [HttpPost("exempt"), IdempotencyExempt]
    public ActionResult<Payment> Exempt(Command command) => Created("/payments/1", Payment.Of(command));

    [HttpPut("put")]
    public ActionResult<Payment> Put(Command command) => Created("/payments/1", Payment.Of(command));
}
