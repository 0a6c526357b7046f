using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>A unary gRPC call ends with trailers, which a record cannot hold. Its key is protected all the same.</summary>
internal sealed class GrpcTests
{
    [Test]
    public async Task FirstCallerGetsTheAnswerAndARetryIsNeverBroken()
    {
        await using var app = await StartAsync();
        using var channel = GrpcChannel.ForAddress(app.Address);

        Assert.That(await PayAsync(channel, "k"), Is.EqualTo("OK run 1"));
        Assert.That(await PayAsync(channel, "k"), Is.EqualTo("OK run 1").Or.Match("^(Unknown|Aborted|FailedPrecondition|AlreadyExists)$"));
        Assert.That(await PayAsync(channel, "other"), Is.EqualTo("OK run 2"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    [Test]
    public async Task CallThatFailsCanBeRepeated()
    {
        await using var app = await StartAsync();
        using var channel = GrpcChannel.ForAddress(app.Address);

        Assert.That(await PayAsync(channel, null), Is.Not.Empty.And.Not.StartsWith("OK"));
        Assert.That(app.Runs(), Is.Zero);
    }

    [Test]
    public void TransactionalPolicyIsRefusedAtTheStart() => Assert.That(
        async () =>
        {
            await using var app = await StartAsync(o => o.Transactional = true, new AbleStore());
        },
        Throws.InvalidOperationException.With.Message.Contains("/test.Payments/Pay").And.Message.Contains("streams its answers"));

    private static async Task<string> PayAsync(GrpcChannel channel, string? key)
    {
        var headers = new Metadata();
        if (key is not null)
            headers.Add("idempotency-key", key);
        try
        {
            using var call = channel.CreateCallInvoker().AsyncUnaryCall(GrpcPayments.Pay, null, new CallOptions(headers), [1, 2, 3]);
            var answer = await call.ResponseAsync.Soon();
            return $"{call.GetStatus().StatusCode} {Encoding.UTF8.GetString(answer)}";
        }
        catch (RpcException exception)
        {
            return $"{exception.StatusCode}";
        }
    }

    private static Task<TestApp> StartAsync(
        Action<IdempotencyOptions>? options = null, IIdempotencyStore? store = null) => TestApp.StartAsync(
        [],
        services =>
        {
            services.AddSingleton<Runs>();
            var idempotency = services.AddIdempotency(options);
            if (store is not null)
                idempotency.UseStore((_, _) => store);
            services.AddGrpc();
        },
        app => app.MapGrpcService<GrpcPaymentsService>().RequireIdempotency(),
        builder => builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2)));

    /// <summary>It objects to nothing, and is never asked for a key.</summary>
    private sealed class AbleStore : IIdempotencyStore
    {
        public string? ObjectionTo(in ClaimOptions options) => null;

        public ValueTask<ClaimResult> ClaimAsync(StorageKey key, ClaimOptions options, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<ClaimResult> WaitAsync(
            StorageKey key, ClaimOptions options, TimeSpan timeout, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}

public static class GrpcPayments
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(bytes => bytes, bytes => bytes);

    public static readonly Method<byte[], byte[]> Pay = new(MethodType.Unary, "test.Payments", "Pay", Bytes, Bytes);

    public static void BindService(ServiceBinderBase binder, GrpcPaymentsBase? service) =>
        binder.AddMethod(Pay, service is null ? null : new UnaryServerMethod<byte[], byte[]>(service.Pay));
}

[BindServiceMethod(typeof(GrpcPayments), nameof(GrpcPayments.BindService))]
public abstract class GrpcPaymentsBase
{
    public abstract Task<byte[]> Pay(byte[] request, ServerCallContext context);
}

public sealed class GrpcPaymentsService(Runs runs) : GrpcPaymentsBase
{
    public override Task<byte[]> Pay(byte[] request, ServerCallContext context) =>
        Task.FromResult(Encoding.UTF8.GetBytes($"run {runs.Next()}"));
}
