using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Forms;

/// <summary>The page of the README's section on forms, with the policy that stands beside it there.</summary>
internal sealed partial class ReadmeFormTests
{
    [Test]
    public async Task PageOfTheReadmeIsHandledOnce()
    {
        await using var app = await Answers.StartAsync(
            [],
            services => services.AddPages("Readme").AddIdempotency().AddPolicy("checkout", options =>
            {
                options.KeySources = [KeySource.FormField()];
                options.WhenInFlight = InFlightBehavior.Wait;
            }),
            app => app.MapRazorPages());

        using var page = await app.Client.GetAsync("/Readme").Soon();
        var cookie = page.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        var fields = Hidden().Matches(await page.Content.ReadAsStringAsync())
            .ToDictionary(field => field.Groups["name"].Value, field => field.Groups["value"].Value);

        Assert.That(fields.Keys, Is.EquivalentTo(["Idempotency-Key", "__RequestVerificationToken"]));
        Assert.That(await PostAsync(), Is.EqualTo("302"));
        Assert.That(await PostAsync(), Is.EqualTo("302 replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));

        Task<string> PostAsync() => app.AnswerAsync("/Readme", null, new FormUrlEncodedContent(fields), $"Cookie: {cookie}");
    }

    [GeneratedRegex("<input[^>]*name=\"(?<name>[^\"]+)\"[^>]*value=\"(?<value>[^\"]+)\"")]
    private static partial Regex Hidden();
}
