using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using StackExchange.Redis;

namespace Idempotency.Filters.Redis.Connection;

/// <summary>
/// Finds out why no server can be reached, so that messages can say it. The client itself only says that its call timed out, and its oldest
/// version keeps no reason at all; so this one tries to connect, beside the calls and once a second at most.
/// </summary>
internal sealed class RedisDiagnosis(RedisConnection connection, TimeProvider timeProvider)
{
    private const int MostServers = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task<(string Address, string? Reason)[]> _attempt = Task.FromResult<(string Address, string? Reason)[]>([]);
    private long? _begun;

    /// <summary>What was found last; null when nothing was, or when the connection is back.</summary>
    public string? Reason => connection.IsConnected || _attempt is not { IsCompletedSuccessfully: true, Result: { Length: > 0 } found }
        ? null
        : string.Join("; ", found.Select(server => server.Reason ?? OfClient(server.Address)).Distinct()) + ".";

    /// <summary>Begins to look, if there is no connection. Never waits.</summary>
    public void BeginUnlessConnected()
    {
        if (connection.IsConnected)
            return;

        lock (_gate)
        {
            if (!_attempt.IsCompleted || (_begun is { } begun && timeProvider.GetElapsedTime(begun) < Pause))
                return;

            _begun = timeProvider.GetTimestamp();
            // It serves all requests, so it must not capture the context of one.
            using (ExecutionContext.SuppressFlow())
                _attempt = Task.Run(FindAsync);
        }
    }

    private Task<(string Address, string? Reason)[]> FindAsync() =>
        Task.WhenAll(connection.EndPoints.Take(MostServers).Select(async endPoint =>
        {
            var address = RedisConnection.Address(endPoint);
            return (address, await TryAsync(endPoint, address));
        }));

    /// <returns>Why a server cannot be connected to; null if it can.</returns>
    private static async Task<string?> TryAsync(EndPoint endPoint, string address)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            using var socket = endPoint.AddressFamily is AddressFamily.Unix
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endPoint, limit.Token);
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => $"{address} refused the connection",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"the name in {address} cannot be resolved",
                _ => $"{address} cannot be connected to ({exception.Message})",
            };
        }
        catch (OperationCanceledException)
        {
            return $"{address} accepted no connection within {Patience.TotalMilliseconds} ms";
        }
        catch (Exception exception)
        {
            return $"{address} cannot be connected to ({exception.Message})";
        }
    }

    /// <summary>A server accepts connections, so the client failed later: in the handshake of TLS, or of Redis.</summary>
    private string OfClient(string address)
    {
        var failures = Failures().ToList();
        if (failures.Find(failure => failure is AuthenticationException) is { } tls)
            return $"the TLS handshake with {address} failed ({tls.Message})";
        if (connection.UsesTls && failures.Find(failure => failure is IOException) is { } broken)
            return $"the TLS handshake with {address} failed ({broken.Message})";
        if (failures.Exists(failure => failure is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure }))
            return $"{address} refused the user or the password ({failures[^1].Message})";
        return $"{address} accepts connections, but has not answered on one";
    }

    /// <summary>
    /// Why the client has no connection. It keeps its reasons to itself, except for a command that no server can take: then it throws at
    /// once, with the reasons inside. Nothing is sent.
    /// </summary>
    private IEnumerable<Exception> Failures()
    {
        Exception? failure = null;
        try
        {
            var ping = connection.Multiplexer?.GetDatabase().ExecuteAsync("PING", [], CommandFlags.DemandReplica);
            _ = ping?.ContinueWith(static failed => _ = failed.Exception, TaskScheduler.Default);
            failure = ping?.Exception?.InnerException;
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        for (; failure is not null; failure = failure.InnerException)
            yield return failure;
    }
}
