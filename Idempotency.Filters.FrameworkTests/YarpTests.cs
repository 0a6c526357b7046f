using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Idempotency.Filters.FrameworkTests;

internal sealed class YarpTests
{
    private const string Ten = "0123456789";

    [Test]
    public async Task AnswerOfTheUpstreamIsSentOnceAndReplayed([Values] bool asGroup)
    {
        using var upstream = new Upstream(_ => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + Ten);
        await using var app = await StartAsync(upstream, asGroup: asGroup);

        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 " + Ten));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo($"200 {Ten} replayed"));
        Assert.That(upstream.Requests, Is.EqualTo(1));
    }

    /// <summary>Without <c>AllowResponseBuffering</c>, the proxy asks for its answers not to be held.</summary>
    [Test]
    public async Task AnswerThatTheProxyStreamsIsNeverRunAgain()
    {
        using var upstream = new Upstream(
            request => $"HTTP/1.1 200 OK\r\nContent-Length: {(request == 1 ? 100 : 10)}\r\n\r\n" + Ten);
        await using var app = await StartAsync(upstream, buffers: false);

        Assert.That(await BrokenAsync(app), Is.EqualTo("broken off"));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("409 not-replayable"));
        Assert.That(upstream.Requests, Is.EqualTo(1));
    }

    [Test]
    public async Task UpstreamThatBreaksOffIsNeverHalfAnAnswerAndFreesTheKey()
    {
        using var upstream = new Upstream(
            request => $"HTTP/1.1 200 OK\r\nContent-Length: {(request == 1 ? 100 : 10)}\r\n\r\n" + Ten);
        await using var app = await StartAsync(upstream);

        Assert.That(await BrokenAsync(app), Does.Not.Contain(Ten));
        Assert.That(await app.AnswerAsync("/pay", "k"), Is.EqualTo("200 " + Ten));
        Assert.That(upstream.Requests, Is.EqualTo(2));
    }

    private static async Task<string> BrokenAsync(TestApp app)
    {
        try
        {
            return await app.AnswerAsync("/pay", "k");
        }
        catch (HttpRequestException)
        {
            return "broken off";
        }
    }

    private static Task<TestApp> StartAsync(Upstream upstream, bool buffers = true, bool asGroup = false) => Answers.StartAsync(
        app =>
        {
            if (asGroup)
                app.MapGroup("").RequireIdempotency().MapReverseProxy();
            else
                app.MapReverseProxy().RequireIdempotency();
        },
        services => services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "pay", ClusterId = "bank", Match = new RouteMatch { Path = "/pay" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "bank",
                    HttpRequest = new ForwarderRequestConfig { AllowResponseBuffering = buffers },
                    Destinations = new Dictionary<string, DestinationConfig> { ["bank"] = new() { Address = upstream.Address } },
                },
            ]));

    /// <summary>A server that answers each connection with a text, and closes it.</summary>
    private sealed class Upstream : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<int, string> _answer;
        private int _requests;

        public Upstream(Func<int, string> answer)
        {
            _answer = answer;
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address => $"http://{_listener.LocalEndpoint}/";

        public int Requests => Volatile.Read(ref _requests);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptTcpClientAsync();
                    await using var stream = connection.GetStream();
                    await ReadHeadAsync(stream);
                    await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(_answer(Interlocked.Increment(ref _requests))));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // The test has ended.
            }
        }

        private static async Task ReadHeadAsync(NetworkStream stream)
        {
            var head = "";
            var buffer = new byte[4096];
            while (!head.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var read = await stream.ReadAsync(buffer);
                if (read == 0)
                    return;
                head += System.Text.Encoding.ASCII.GetString(buffer, 0, read);
            }
        }
    }
}
