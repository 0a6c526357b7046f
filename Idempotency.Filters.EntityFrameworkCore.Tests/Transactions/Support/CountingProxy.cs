using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Idempotency.Filters.EntityFrameworkCore.Tests.Transactions;

/// <summary>A network that counts how often a client speaks after it has listened, and can hold back what it hears.</summary>
internal sealed class CountingProxy(int port) : TcpProxy(port)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _said = [];
    private int _turns;
    private int _heldFrom = int.MaxValue;

    /// <summary>How many round trips began.</summary>
    public int Turns => Volatile.Read(ref _turns);

    /// <summary>What each began with.</summary>
    public IEnumerable<string> Said => _said;

    /// <summary>The replies to all but the next <paramref name="turns"/> round trips are held back.</summary>
    public void HoldRepliesAfter(int turns) => Volatile.Write(ref _heldFrom, Turns + turns);

    public void Release() => _released.TrySetResult();

    public override async ValueTask DisposeAsync()
    {
        Release();
        await base.DisposeAsync();
    }

    protected override async Task CarryAsync(TcpClient client, TcpClient server)
    {
        var isListening = new StrongBox(true);
        await Task.WhenAny(PumpAsync(client, server, isListening, speaks: true), PumpAsync(server, client, isListening, speaks: false));
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, StrongBox isListening, bool speaks)
    {
        try
        {
            var (source, destination) = (from.GetStream(), to.GetStream());
            var buffer = new byte[64 * 1024];
            for (int read; (read = await source.ReadAsync(buffer)) > 0;)
            {
                if (speaks && isListening.Value)
                {
                    Interlocked.Increment(ref _turns);
                    _said.Enqueue(Encoding.ASCII.GetString(buffer, 0, read));
                }

                isListening.Value = !speaks;
                if (!speaks && Turns > Volatile.Read(ref _heldFrom))
                    await _released.Task;
                await destination.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsCut(exception))
        {
        }
    }

    private sealed class StrongBox(bool value)
    {
        public volatile bool Value = value;
    }
}
