using System.Globalization;

namespace Idempotency.Filters.TestSupport;

/// <summary>A process that the test started, and the processes that it started in turn.</summary>
internal static class ProcessTree
{
    /// <summary>Kills all of them at one moment, as a power cut does: none can react to the end of another.</summary>
    public static async Task KillAsync(int root)
    {
        var all = await PauseAsync(root);
        await ProcessSignals.SignalAsync("KILL", all);
        await Waiting.UntilAsync(() => all.All(process => StateOf(process) is null or 'Z' or 'X'));
    }

    /// <returns>All of them: none is running any more when this returns.</returns>
    public static async Task<int[]> PauseAsync(int root)
    {
        // A process may have started another one before it was paused.
        for (int[] paused = []; ;)
        {
            var all = Of(root);
            if (!all.Except(paused).Any())
                return paused;

            await ProcessSignals.SignalAsync("STOP", all);
            await Waiting.UntilAsync(() => all.All(process => StateOf(process) is null or 'T' or 'Z' or 'X'));
            paused = all;
        }
    }

    public static Task ResumeAsync(int root) => ProcessSignals.SignalAsync("CONT", Of(root));

    /// <summary>The root first, and no process twice.</summary>
    private static int[] Of(int root)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var process) ? process : 0)
            .Where(process => process > 0)
            .ToLookup(process => StatusOf(process) is [_, var parent, ..] ? int.Parse(parent, CultureInfo.InvariantCulture) : 0);

        List<int> all = [root];
        for (var i = 0; i < all.Count; i++)
            all.AddRange(children[all[i]]);
        return [.. all];
    }

    private static char? StateOf(int process) => StatusOf(process) is [var state, ..] ? state[0] : null;

    /// <summary>What follows the number and the name of a process: its state, its parent, and more. Nothing if it is gone.</summary>
    private static string[] StatusOf(int process)
    {
        try
        {
            var status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return status[(status.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
