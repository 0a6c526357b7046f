using Idempotency.Filters.TestSupport.Budgets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Redis.Tests.Budgets;

/// <summary>
/// What a request over Redis allocates beyond the bare action, the client's share included. No promise of the documents: a limit that
/// catches what somebody adds to each request.
/// </summary>
[NonParallelizable]
internal sealed class RedisAllocationTests
{
    // 7,995 to 8,070 bytes were measured.
    private const double MostAddedByFirstRequest = 8_576;

    // Less than the bare action: 390 to 620 bytes less were measured.
    private const double MostAddedByReplay = -200;

    private TestApp? _app;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        KeyedRequests.SkipUnlessOptimised();
        var server = await SharedRedis.ServerAsync();
        _app = await TestApp.StartAsync(
            [typeof(BareController), typeof(CoveredController)],
            services => services.AddIdempotency().UseRedis(server.Address),
            server: builder => builder.Logging.ClearProviders());
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await (_app?.DisposeAsync() ?? default);

    [TestCase(true, MostAddedByFirstRequest, TestName = "FirstRequest")]
    [TestCase(false, MostAddedByReplay, TestName = "Replay")]
    public void AddsNoMoreThanItsLimit(bool freshKeys, double limit)
    {
        var bare = KeyedRequests.Measure(_app, "POST", "/bare", freshKeys: false).Allocated;
        var covered = KeyedRequests.Measure(_app, "POST", "/covered", freshKeys).Allocated;

        TestContext.Out.WriteLine($"bare {bare:F0} B, over Redis {covered:F0} B: {covered - bare:F0} B added");
        Assert.That(covered - bare, Is.LessThan(limit));
    }
}
