using System.Net;
using Idempotency.Filters.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>The same endpoints on one kind of server, once bare and once covered.</summary>
internal sealed class ServerTwin : IAsyncDisposable
{
    private readonly ServerKind _kind;
    private readonly WebApplication _bare;
    private readonly WebApplication _covered;
    private readonly HttpClient _bareClient;
    private readonly HttpClient _coveredClient;

    private ServerTwin(ServerKind kind, WebApplication bare, WebApplication covered, LogSink logs)
    {
        _kind = kind;
        (_bare, _covered, Logs) = (bare, covered, logs);
        (_bareClient, _coveredClient) = (ClientOf(bare), ClientOf(covered));
    }

    /// <summary>What the covered application logged.</summary>
    public LogSink Logs { get; }

    public static async Task<ServerTwin> StartAsync(
        ServerKind kind,
        Action<RouteGroupBuilder> endpoints,
        Action<IdempotencyOptions>? options = null,
        Func<HttpContext, RequestDelegate, Task>? middleware = null,
        IIdempotencyStore? store = null)
    {
        var logs = new LogSink();
        return new ServerTwin(
            kind,
            await StartOneAsync(kind, new LogSink(), app => endpoints(app.MapGroup("")), null, middleware, null),
            await StartOneAsync(kind, logs, app => endpoints(app.MapGroup("").RequireIdempotency()), options, middleware, store),
            logs);
    }

    /// <summary>Calls the bare application once and the covered one twice, with one key.</summary>
    public async Task<(Answer Bare, Answer First, Answer Retry)> AskAsync(string path) =>
        (await AskAsync(_bareClient, path), await AskCoveredAsync(path), await AskCoveredAsync(path));

    public Task<Answer> AskCoveredAsync(string path) => AskAsync(_coveredClient, path);

    public async ValueTask DisposeAsync()
    {
        _bareClient.Dispose();
        _coveredClient.Dispose();
        await _bare.DisposeAsync();
        await _covered.DisposeAsync();
    }

    private static async Task<WebApplication> StartOneAsync(
        ServerKind kind,
        LogSink logs,
        Action<WebApplication> endpoints,
        Action<IdempotencyOptions>? options,
        Func<HttpContext, RequestDelegate, Task>? middleware,
        IIdempotencyStore? store)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Services.AddRouting();
        builder.Services.AddResponseCompression(compression => compression.MimeTypes = ["*/*"]);
        var idempotency = builder.Services.AddIdempotency(options);
        if (store is not null)
            idempotency.UseStore((_, _) => store);
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        if (kind is ServerKind.TestServer)
        {
            builder.WebHost.UseTestServer();
        }
        else
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0").UseKestrel(
                kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = Protocols(kind)));
        }

        var app = builder.Build();
        // Closer to the server than the buffer, as an error page is.
        Answers.ShowErrors(app);
        if (kind is ServerKind.Buffered)
            app.Use(Buffering.InMemory(before: "[buffered] "));
        if (kind is ServerKind.Compressed)
            app.UseResponseCompression();
        if (middleware is not null)
            app.Use(middleware);
        endpoints(app);
        await app.StartAsync();
        return app;
    }

    private static HttpProtocols Protocols(ServerKind kind) => kind is ServerKind.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;

    private HttpClient ClientOf(WebApplication app) => _kind is ServerKind.TestServer
        ? app.GetTestClient()
        : new HttpClient(new SocketsHttpHandler
        {
            AutomaticDecompression = _kind is ServerKind.Compressed ? DecompressionMethods.All : DecompressionMethods.None,
        }) { BaseAddress = new Uri(app.Urls.First()) };

    private async Task<Answer> AskAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/" + path)
        {
            Headers = { { "Idempotency-Key", path } },
            Version = _kind is ServerKind.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await Answer.OfAsync(await client.SendAsync(request)).WaitAsync(TimeSpan.FromMinutes(2));
    }
}
