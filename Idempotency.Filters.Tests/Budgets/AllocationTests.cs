using Idempotency.Filters.TestSupport.Budgets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Budgets;

/// <summary>How many bytes the filter adds to those that a request allocates on Kestrel: differences of averages in one process.</summary>
[NonParallelizable]
internal sealed class AllocationTests
{
    // The rest of the process adds far less than this.
    private const double Noise = 24;
    private const int MostRounds = 5;

    // The record of this small answer takes 499 bytes. The rest leaves room for other changes of the heap.
    private const double LargestRecord = 800;

    private TestApp? _app;
    private TestApp? _optOut;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        KeyedRequests.SkipUnlessOptimised();
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
        var bare = KeyedRequests.Measure(_app, method, "/bare", freshKeys: false).Allocated;
        var uncoverable = KeyedRequests.Measure(_optOut, method, path, freshKeys: false).Allocated;

        TestContext.Out.WriteLine($"bare {bare:F0} B, under a global filter {uncoverable:F0} B a request");
        Assert.That(uncoverable - bare, Is.LessThan(Noise));
    }

    [Test]
    public void AFirstRequestAddsNoMoreThanItsBudgetToTheStoredRecord()
    {
        var added = double.MaxValue;
        // A busy machine adds to what is measured, and never takes from it.
        for (var round = 0; round < MostRounds && added >= 1536 + Noise; round++)
        {
            var bare = KeyedRequests.Measure(_app, "POST", "/bare", freshKeys: false);
            var first = KeyedRequests.Measure(_app, "POST", "/covered", freshKeys: true);
            added = first.Allocated - bare.Allocated - first.Retained;
            TestContext.Out.WriteLine(
                $"bare {bare.Allocated:F0} B, first request {first.Allocated:F0} B, "
                + $"of which {first.Retained:F0} B stay as the record: {added:F0} B added");
            Assert.That(first.Retained, Is.LessThan(LargestRecord), "what stays is not counted, and so must be no more than the record");
        }

        Assert.That(added, Is.LessThan(1536 + Noise));
    }

    [Test]
    public void AReplayAllocatesLessThanTheBareAction()
    {
        var bare = KeyedRequests.Measure(_app, "POST", "/bare", freshKeys: false).Allocated;
        var replay = KeyedRequests.Measure(_app, "POST", "/covered", freshKeys: false).Allocated;

        TestContext.Out.WriteLine($"bare {bare:F0} B, replay {replay:F0} B");
        Assert.That(replay, Is.LessThan(bare));
    }

    private static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();
}

[ApiController]
public sealed class UncoverableController : ControllerBase
{
    [HttpPost("exempt"), IdempotencyExempt]
    public ActionResult<Payment> Exempt(Command command) => Created("/payments/1", Payment.Of(command));

    [HttpPut("put")]
    public ActionResult<Payment> Put(Command command) => Created("/payments/1", Payment.Of(command));
}
