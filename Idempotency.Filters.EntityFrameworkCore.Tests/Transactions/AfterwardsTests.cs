using System.Collections.Concurrent;
using System.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>What middleware finds in the context when the transaction of the action is over.</summary>
[TestFixture(ClaimMode.Lock)]
[TestFixture(ClaimMode.Row)]
internal sealed class AfterwardsTests(ClaimMode mode) : ShopTests
{
    /// <summary>As an error handler does that keeps its log in the same database.</summary>
    [Test]
    public async Task WhatWasRolledBackIsNotSavedLater([Values] bool wasSaved)
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: mode, pipeline: web => web.Use(async (http, next) =>
        {
            try
            {
                await next(http);
            }
            finally
            {
                var db = http.RequestServices.GetRequiredService<ShopContext>();
                db.Add(new Payment { Key = "log" });
                await db.SaveChangesAsync();
            }
        }));
        app.Action.Do = async (_, db, idempotency) =>
        {
            db.Add(new Payment { Key = idempotency.Key! });
            if (wasSaved)
                await db.SaveChangesAsync();
            db.Add(new Payment { Key = idempotency.Key! });
            throw new InvalidOperationException("failed");
        };

        Assert.That(await app.AnswerAsync("a"), Is.EqualTo("500 failed"));

        Assert.That(await app.PaymentsAsync("log"), Is.EqualTo(1));
        Assert.That(await app.PaymentsAsync("a"), Is.Zero);
    }

    /// <summary>A connection that stays open until the answer is read would let slow readers empty the pool.</summary>
    [Test]
    public async Task ConnectionIsGivenBackBeforeTheAnswerIsSent()
    {
        var states = new ConcurrentQueue<ConnectionState>();
        var app = await StartAsync(await Databases.PostgresAsync(), mode: mode, pipeline: web => web.Use(async (http, next) =>
        {
            var db = http.RequestServices.GetRequiredService<ShopContext>();
            http.Response.OnStarting(() =>
            {
                states.Enqueue(db.Database.GetDbConnection().State);
                return Task.CompletedTask;
            });
            await next(http);
        }));
        // Each with the context of the one before: it comes from a pool.
        for (var round = 0; round < 3; round++)
        {
            app.Action.Do = async (http, db, idempotency) =>
            {
                await ShopAction.PayAsync(http, db, idempotency);
                idempotency.RollbackOnly();
                return (StatusCodes.Status409Conflict, "sold out");
            };
            Assert.That(await app.AnswerAsync($"{round}"), Does.StartWith("409"));
            app.Action.Do = (_, _, _) => throw new InvalidOperationException("failed");
            Assert.That(await app.AnswerAsync($"{round}"), Does.StartWith("500"));
            app.Action.Do = ShopAction.PayAsync;
            Assert.That(await app.AnswerAsync($"{round}"), Does.StartWith("201"));
        }

        Assert.That(states, Has.Count.EqualTo(9).And.All.EqualTo(ConnectionState.Closed));
    }

    [Test]
    public async Task ActionThatDisposesOfItsContextFreesTheKey()
    {
        var app = await StartAsync(await Databases.PostgresAsync(), mode: mode);
        app.Action.Do = async (_, db, _) =>
        {
            await db.DisposeAsync();
            throw new InvalidOperationException("failed");
        };
        Assert.That(await app.AnswerAsync("a"), Does.StartWith("500"));

        app.Action.Do = ShopAction.PayAsync;

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.PaymentsAsync("a"), Is.EqualTo(1));
    }

    /// <summary>A row that was renewed after the snapshot of the transaction could not be completed in it.</summary>
    [Test]
    public async Task ActionThatOutlivesItsLeaseCommitsAtAnyIsolationLevel([Values("RepeatableRead", "Serializable")] string level)
    {
        var lease = TimeSpan.FromSeconds(6);
        var app = await StartAsync(
            await Databases.PostgresAsync(), mode: mode,
            store: o => (o.IsolationLevel, o.OperationTimeout) = (Enum.Parse<IsolationLevel>(level), TimeSpan.FromSeconds(5)),
            policy: o => (o.Lease, o.MaxExecutionTime) = (lease, TimeSpan.FromMinutes(2)));
        app.Action.Do = async (http, db, idempotency) =>
        {
            await db.Payments.CountAsync();
            await Task.Delay(lease * 1.5);
            return await ShopAction.PayAsync(http, db, idempotency);
        };

        Assert.That(await app.AnswerAsync("a"), Does.StartWith("201"));
        Assert.That(await app.AnswerAsync("a"), Does.EndWith("replayed"));
        Assert.That(app.Action.Runs, Is.EqualTo(1));
    }
}
