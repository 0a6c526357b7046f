using System.Net.Http.Json;
using Grpc.Core;
using Idempotency.Filters.FrameworkTests.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>gRPC methods that are served as JSON over HTTP/1.1, too. Such an answer has no trailers, and is replayed.</summary>
internal sealed class TranscodingTests
{
    [Test]
    public async Task JsonAnswerIsSentOnceAndReplayed()
    {
        await using var app = await StartAsync();

        var first = await app.AnswerAsync("/v1/payments", "k", Pay(1));
        Assert.That(first, Does.StartWith("200 ").And.Contains("run 1"));
        Assert.That(await app.AnswerAsync("/v1/payments", "k", Pay(1)), Is.EqualTo(first + " replayed"));
        Assert.That(await app.AnswerAsync("/v1/payments", "k", Pay(2)), Is.EqualTo("422 key-reused"));
        Assert.That(await app.AnswerAsync("/v1/payments", null, Pay(1)), Is.EqualTo("400 key-missing"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task InvalidArgumentDoesNotUseTheKeyUp()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync("/v1/payments", "k", Pay(0)), Does.StartWith("400 "));
        Assert.That(await app.AnswerAsync("/v1/payments", "k", Pay(1)), Does.StartWith("200 ").And.Contains("run 1"));
    }

    [Test]
    public async Task MethodThatIsReadNeedsNoKey()
    {
        await using var app = await StartAsync();

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/v1/payments", null), Does.StartWith("200 ").And.Contains("0 runs"));
    }

    private static JsonContent Pay(int amount) => JsonContent.Create(new { amount });

    private static Task<TestApp> StartAsync() => Answers.StartAsync(
        app => app.MapGrpcService<TillService>().RequireIdempotency(),
        services => services.AddGrpc().AddJsonTranscoding());
}

public sealed class TillService(Runs runs) : Till.TillBase
{
    public override Task<PayReply> Pay(PayRequest request, ServerCallContext context) => request.Amount > 0
        ? Task.FromResult(new PayReply { Text = $"run {runs.Next()}" })
        : throw new RpcException(new Status(StatusCode.InvalidArgument, "There is nothing to pay."));

    public override Task<PayReply> Look(LookRequest request, ServerCallContext context) =>
        Task.FromResult(new PayReply { Text = $"{runs.Count} runs" });
}
