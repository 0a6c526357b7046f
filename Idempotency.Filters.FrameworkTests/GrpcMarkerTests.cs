using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>gRPC passes the attributes of a service and its methods on, so that they configure the call.</summary>
internal sealed class GrpcMarkerTests
{
    [TestCase(typeof(MarkedGrpcService))]
    [TestCase(typeof(MarkedMethodGrpcService))]
    public async Task MarkerWithoutTheCallIsRefusedAtTheStart(Type service) => Assert.That(
        await Refusals.OfAsync(() => StartAsync(service, covers: false)),
        Does.Contain("test.Payments/Pay").And.Contains("[Idempotent]").And.Contains(".RequireIdempotency()"));

    [TestCase(typeof(MarkedGrpcService))]
    [TestCase(typeof(MarkedMethodGrpcService))]
    public async Task MarkerConfiguresTheCall(Type service)
    {
        await using var app = await StartAsync(service, covers: true);

        Assert.That(
            app.Logs.Lines.Select(line => line.Message), Has.Some.Contains("test.Payments/Pay").And.Some.Contains("marked"));
    }

    private static Task<TestApp> StartAsync(Type service, bool covers) => Answers.StartAsync(
        app =>
        {
            var endpoints = service == typeof(MarkedGrpcService)
                ? app.MapGrpcService<MarkedGrpcService>()
                : app.MapGrpcService<MarkedMethodGrpcService>();
            if (covers)
                endpoints.RequireIdempotency();
        },
        services =>
        {
            services.AddGrpc();
            services.AddIdempotency().AddPolicy("marked", _ => { });
        });
}

[Idempotent("marked")]
public sealed class MarkedGrpcService : GrpcPaymentsBase
{
    public override Task<byte[]> Pay(byte[] request, ServerCallContext context) => Task.FromResult(request);
}

public sealed class MarkedMethodGrpcService : GrpcPaymentsBase
{
    [Idempotent("marked")]
    public override Task<byte[]> Pay(byte[] request, ServerCallContext context) => Task.FromResult(request);
}
