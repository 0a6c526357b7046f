using System.Transactions;
using Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ShopContext = Idempotency.Filters.EntityFrameworkCore.Tests.Transactions.ShopContext;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Neighbours;

/// <summary>An application with a TransactionScope around whole requests, as some filters and middleware open it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
internal sealed class TransactionScopeTests
{
    private TestApp _app = null!;

    [SetUp]
    public async Task StartAsync()
    {
        var database = await Databases.PostgresAsync();
        var options = new DbContextOptionsBuilder<ShopContext>().UseNpgsql(database);
        EfStores.AllowManyProviders(options);
        await using (var context = new ShopContext(options.Options))
            await context.Database.EnsureCreatedAsync();
        _app = await TestApp.StartAsync(
            [typeof(ScopedController)],
            services =>
            {
                services.AddDbContextPool<ShopContext>(o => o.UseNpgsql(database));
                services.ConfigureDbContext<ShopContext>(EfStores.AllowManyProviders);
                services.AddIdempotency(o => o.KeyPrefix = "scopes:").UseEntityFramework<ShopContext>(EfStores.BePatient)
                    .AddPolicy("transactional", o => o.Transactional = true);
            },
            app =>
            {
                Answers.ShowErrors(app);
                app.Use(async (http, next) =>
                {
                    using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
                    await next(http);
                    if (http.Response.StatusCode < 300)
                        scope.Complete();
                });
            });
    }

    [TearDown]
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Test]
    public async Task RecordIsKeptAndTheScopeIsUndisturbed()
    {
        Assert.That(await _app.AnswerAsync("scoped/kept", "a"), Is.EqualTo("200 undisturbed"));
        Assert.That(await _app.AnswerAsync("scoped/kept", "a"), Is.EqualTo("200 undisturbed replayed"));
        Assert.That(await PaymentsAsync("a"), Is.EqualTo(1));
    }

    [Test]
    public async Task RecordIsKeptAlthoughTheScopeIsRolledBack()
    {
        Assert.That(await _app.AnswerAsync("scoped/refused", "a"), Is.EqualTo("402 declined"));
        Assert.That(await _app.AnswerAsync("scoped/refused", "a"), Is.EqualTo("402 declined replayed"));
        Assert.That(await PaymentsAsync("a"), Is.Zero);
    }

    [Test]
    public async Task TransactionalEndpointInAScopeIsRefused()
    {
        Assert.That(await _app.AnswerAsync("scoped/transactional", "a"), Does.StartWith("500 A TransactionScope is open around"));
        Assert.That(await PaymentsAsync("a"), Is.Zero);
    }

    private async Task<int> PaymentsAsync(string key)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ShopContext>().Payments.CountAsync(payment => payment.Key == key);
    }
}
