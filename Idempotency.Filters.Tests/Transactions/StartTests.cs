using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Transactions;

/// <summary>A transactional policy that could not keep its promise keeps the application from starting.</summary>
internal sealed class StartTests
{
    private static readonly string[] Unable = ["cannot commit records", "UseEntityFramework<TContext>()", "remove Transactional"];
    private static readonly string[] Streaming = ["streams its answers", "must be held", "Give the endpoint a policy"];

    [Test]
    public Task StoreThatCannotIsRefusedForAnAction() => AssertFailsAsync(
        () => Answers.StartAsync([typeof(TransactionalMarkerController)]), [.. Unable, "TransactionalMarkerController.Post"]);

    [Test]
    public Task StoreThatCannotIsRefusedForAnEndpoint() => AssertFailsAsync(
        () => Answers.StartAsync(app => app.MapPost("/tips", [Idempotent(Transactional = true)] () => 1).RequireIdempotency()),
        [.. Unable, "/tips"]);

    [Test]
    public Task StoreThatCannotIsRefusedForAPolicyThatNobodyUses() => AssertFailsAsync(
        () => Answers.StartAsync([], s => s.AddIdempotency().AddPolicy("p", o => o.Transactional = true)), [.. Unable, "'p'"]);

    [Test]
    public Task ActionThatStreamsIsRefused() => AssertFailsAsync(
        () => StartAsync([typeof(StreamingController)]), [.. Streaming, "StreamingController.Post"]);

    [Test]
    public Task EndpointThatStreamsIsRefused() => AssertFailsAsync(
        () => StartAsync([], app => app.MapPost(
            "/tips", () => TypedResults.ServerSentEvents(Nothing())).RequireIdempotency()), [.. Streaming, "/tips"]);

    [Test]
    public Task EndpointThatSaysThatItStreamsIsRefused() => AssertFailsAsync(
        () => StartAsync([], app => app.MapPost("/tips", () => 1).Produces(200, contentType: "Text/Event-Stream; charset=utf-8")
            .RequireIdempotency()),
        [.. Streaming, "/tips"]);

    [Test]
    public async Task EndpointThatStreamsWithoutATransactionStarts()
    {
        await using var app = await Answers.StartAsync(
            app => app.MapPost("/tips", () => TypedResults.ServerSentEvents(Nothing())).RequireIdempotency());

        Assert.That(await app.AnswerAsync("/tips", "k"), Is.EqualTo("200"));
    }

    private static Task<TestApp> StartAsync(Type[] controllers, Action<WebApplication>? pipeline = null) => Answers.StartAsync(
        controllers,
        s => s.AddIdempotency(o => o.Transactional = true).UseStore((_, _) => new TransactionalStore()),
        pipeline);

    private static async IAsyncEnumerable<SseItem<int>> Nothing()
    {
        await Task.CompletedTask;
        yield break;
    }

    private static async Task AssertFailsAsync(Func<Task<TestApp>> start, string[] words)
    {
        Exception? failure = null;
        try
        {
            await using var app = await start();
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        Assert.That(failure, Is.InstanceOf<InvalidOperationException>().Or.InstanceOf<OptionsValidationException>());
        foreach (var word in words)
            Assert.That(failure!.Message, Does.Contain(word));
    }
}

[ApiController, Route("transactional-marker")]
public sealed class TransactionalMarkerController : ControllerBase
{
    [HttpPost, Idempotent(Transactional = true)]
    public int Post() => 1;
}

[ApiController, Route("streaming")]
public sealed class StreamingController : ControllerBase
{
    [HttpPost, Idempotent, Produces("text/event-stream")]
    public int Post() => 1;
}
