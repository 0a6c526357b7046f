using System.Text.Json;

namespace Idempotency.Filters.CampaignWorker.History;

/// <summary>
/// A file of events, one JSON line each, which one process writes. Each line is handed to the operating system at once, so it survives the
/// process.
/// </summary>
public sealed class HistoryFile(string path) : IDisposable
{
    // No buffer of its own.
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    private readonly Lock _lock = new();

    public void Write(HistoryEvent entry)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, HistoryJson.Default.HistoryEvent), (byte)'\n'];
        lock (_lock)
            _file.Write(line);
    }

    public void Dispose() => _file.Dispose();

    public static IEnumerable<HistoryEvent> Read(string path) =>
        File.ReadLines(path).Select(line => JsonSerializer.Deserialize(line, HistoryJson.Default.HistoryEvent)!);
}
