using System.Globalization;

namespace Idempotency.Filters.Redis.Tests.Support;

/// <summary>A real cluster of three primaries, without replicas, on free loopback ports.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;
    private const int Size = 3;

    private readonly List<RedisServer> _nodes = [];

    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>The addresses of all nodes, as the client takes them.</summary>
    public string Addresses => string.Join(',', _nodes.Select(node => node.Address));

    public static async Task<RedisCluster> StartAsync()
    {
        var cluster = new RedisCluster();
        try
        {
            for (var i = 0; i < Size; i++)
            {
                // A node that a test pauses stays a node.
                var node = await RedisServer.StartAsync("--cluster-enabled", "yes", "--cluster-node-timeout", "120000");
                cluster._nodes.Add(node);
                string[] slots = [.. Enumerable.Range(0, Slots).Where(slot => Index(slot) == i).Select(Text)];
                await node.ExecuteAsync(["CLUSTER", "ADDSLOTS", .. slots]);
                await node.ExecuteAsync("CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
            }

            foreach (var other in cluster._nodes.Skip(1))
                await cluster._nodes[0].ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", Text(other.Port));
            foreach (var node in cluster._nodes)
                await Waiting.UntilAsync(() => KnowsAllAsync(node));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node that has this key.</summary>
    public async Task<RedisServer> NodeOfAsync(string key) =>
        _nodes[Index((int)(long)(await _nodes[0].ExecuteAsync("CLUSTER", "KEYSLOT", key))!)];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    private static int Index(int slot) => slot * Size / Slots;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task<bool> KnowsAllAsync(RedisServer node)
    {
        var info = (string)(await node.ExecuteAsync("CLUSTER", "INFO"))!;
        var nodes = (string)(await node.ExecuteAsync("CLUSTER", "NODES"))!;
        return info.Contains("cluster_state:ok", StringComparison.Ordinal)
            && nodes.Split('\n').Count(line => line.Contains(" connected ", StringComparison.Ordinal)) == Size
            && !nodes.Contains("handshake", StringComparison.Ordinal);
    }
}
