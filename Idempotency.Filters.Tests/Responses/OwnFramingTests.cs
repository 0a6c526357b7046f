using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Idempotency.Filters.Tests.Responses;

/// <summary>A response that the action frames itself reaches the first client unchanged, but cannot be replayed.</summary>
internal sealed class OwnFramingTests
{
    [Test]
    public async Task TransferEncodingOfTheActionIsNotReplayable()
    {
        await using var app = await TestApp.StartAsync([typeof(OwnFramingController)]);
        using var connection = new RawConnection(app.Address);
        connection.Send("POST /framing/chunks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nIdempotency-Key: k\r\n\r\n");

        var first = connection.ReceiveText();
        using var retry = await app.PostAsync("/framing/chunks", "k");

        Assert.That(first, Does.EndWith("\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
        Assert.That(first, Does.Not.Contain("Content-Length"));
        await retry.IsProblemAsync(409, "not-replayable");
    }

    [Test]
    public async Task TrailersAreSentAndNotReplayable()
    {
        await using var app = await TestApp.StartAsync(
            [typeof(OwnFramingController)],
            server: builder => builder.WebHost.ConfigureKestrel(o => o.ConfigureEndpointDefaults(e => e.Protocols = HttpProtocols.Http2)));

        using var first = await app.Client.SendAsync(Post());
        using var retry = await app.Client.SendAsync(Post());

        Assert.That(await first.TextAsync(), Is.EqualTo("ok"));
        Assert.That(first.TrailingHeaders.GetValues("X-Sum"), Is.EqualTo(["7"]));
        await retry.IsProblemAsync(409, "not-replayable");

        static HttpRequestMessage Post() => new(HttpMethod.Post, "/framing/trailers")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { { "Idempotency-Key", "k" } },
        };
    }
}

[Route("framing"), Idempotent]
public sealed class OwnFramingController : ControllerBase
{
    [HttpPost("chunks")]
    public async Task ChunksAsync()
    {
        Response.Headers.TransferEncoding = "chunked";
        await Response.Body.WriteAsync(Encoding.ASCII.GetBytes("2\r\nok\r\n0\r\n\r\n"));
    }

    [HttpPost("trailers")]
    public async Task TrailersAsync()
    {
        await Response.WriteAsync("ok");
        Response.AppendTrailer("X-Sum", "7");
    }
}
