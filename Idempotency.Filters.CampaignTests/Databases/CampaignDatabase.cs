using System.Data.Common;

namespace Idempotency.Filters.CampaignTests.Databases;

/// <summary>What the workers of a campaign share.</summary>
internal abstract class CampaignDatabase : IAsyncDisposable
{
    protected const string SelectEffects = """SELECT "Key", "Answer", "Worker", "At" FROM payments ORDER BY "Id" """;

    /// <summary>Where the workers find it.</summary>
    public virtual string Connection => "";

    /// <summary>The ways to take it away. None where that would lose acknowledged records, which is another promise.</summary>
    public virtual IReadOnlyList<DatabaseFault> Faults => [];

    public bool CanFail => Faults.Count > 0;

    public static Task<CampaignDatabase> NoneAsync() => Task.FromResult<CampaignDatabase>(new None());

    /// <summary>The effects that it holds, where the workers do not log them.</summary>
    public virtual Task<IReadOnlyList<HistoryEvent>> EffectsAsync() => Task.FromResult<IReadOnlyList<HistoryEvent>>([]);

    public abstract ValueTask DisposeAsync();

    protected static async Task<IReadOnlyList<HistoryEvent>> ReadEffectsAsync(DbCommand command)
    {
        var effects = new List<HistoryEvent>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            effects.Add(new()
            {
                Kind = HistoryEventKind.Effect,
                Key = reader.GetString(0),
                Answer = reader.GetString(1),
                Worker = reader.GetInt32(2),
                At = DateTime.SpecifyKind(reader.GetDateTime(3), DateTimeKind.Utc),
            });
        }

        return effects;
    }

    private sealed class None : CampaignDatabase
    {
        public override ValueTask DisposeAsync() => default;
    }
}
