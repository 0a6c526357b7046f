using System.Security.Cryptography;
using Idempotency.Filters.CampaignWorker.Effects;
using Idempotency.Filters.CampaignWorker.History;

namespace Idempotency.Filters.CampaignWorker;

/// <summary>The action: one effect and a random answer, so that equal answers are one answer.</summary>
public sealed class Payments(IHttpContextAccessor requests, IBusiness business, CrashPoints points)
{
    /// <param name="ms">How long it takes before its effect, and again after it.</param>
    public async Task<string> PayAsync(int ms)
    {
        points.Reach(CrashPoint.InAction);
        await Task.Delay(ms);

        var answer = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await business.SaveAsync(CrashPoints.KeyOf(requests.HttpContext!), answer);
        points.Reach(CrashPoint.Saved);

        await Task.Delay(ms);
        return answer;
    }
}
