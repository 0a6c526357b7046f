namespace Idempotency.Filters.Tests.Forms;

/// <summary>PARITY row 25: a form with a key is handled once, however often it is sent, and always leads to the same page.</summary>
[TestFixture("/KeyForm", TestName = "Form in a Razor Page")]
[TestFixture("/view/KeyForm", TestName = "Form in an MVC view")]
internal sealed class FormPostTests(string path)
{
    [Test]
    public async Task SecondPostGetsTheSameRedirect()
    {
        await using var app = await FormsApp.StartAsync();
        var form = await OpenAsync(app);

        Assert.That(await PostAsync(app, form), Is.EqualTo("302 /receipt/1"));
        Assert.That(await PostAsync(app, form), Is.EqualTo("302 /receipt/1 replayed"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task TwoPostsAtOnceGetTheSameRedirect()
    {
        await using var app = await FormsApp.StartAsync();
        var form = await OpenAsync(app);

        var answers = await Task.WhenAll(PostAsync(app, form), PostAsync(app, form));

        Assert.That(answers, Is.EquivalentTo(new[] { "302 /receipt/1", "302 /receipt/1 replayed" }));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task FormThatIsOpenedAnewIsAnotherOne()
    {
        await using var app = await FormsApp.StartAsync();

        Assert.That(await PostAsync(app, await OpenAsync(app)), Is.EqualTo("302 /receipt/1"));
        Assert.That(await PostAsync(app, await OpenAsync(app)), Is.EqualTo("302 /receipt/2"));
    }

    [Test]
    public async Task OtherFieldsUnderTheSameKeyAreRefused()
    {
        await using var app = await FormsApp.StartAsync();
        var form = await OpenAsync(app);
        await PostAsync(app, form);

        form.Fields["amount"] = "13";

        Assert.That(await PostAsync(app, form), Is.EqualTo("422"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [Test]
    public async Task AntiforgeryIsCheckedBeforeAReplay()
    {
        await using var app = await FormsApp.StartAsync();
        var form = await OpenAsync(app);
        await PostAsync(app, form);

        form.Fields["__RequestVerificationToken"] = "wrong";

        Assert.That(await PostAsync(app, form), Is.EqualTo("400"));
    }

    [Test]
    public async Task FormWithoutItsKeyIsRefused()
    {
        await using var app = await FormsApp.StartAsync();
        var form = await OpenAsync(app);

        form.Fields.Remove(KeySource.DefaultFormField);

        Assert.That(await PostAsync(app, form), Is.EqualTo("400"));
        Assert.That(app.Runs(), Is.Zero);
    }

    private async Task<(string Cookie, Dictionary<string, string> Fields)> OpenAsync(TestApp app)
    {
        using var page = await app.Client.GetAsync(path);
        return (page.Headers.GetValues("Set-Cookie").Single().Split(';')[0], new(Html.Fields(await page.TextAsync())));
    }

    private async Task<string> PostAsync(TestApp app, (string Cookie, Dictionary<string, string> Fields) form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form.Fields) };
        request.Headers.Add("Cookie", form.Cookie);
        using var response = await app.Client.SendAsync(request);
        return string.Join(
            ' ',
            new[] { $"{(int)response.StatusCode}", response.Headers.Location?.ToString(), response.IsReplay() ? "replayed" : null }
                .OfType<string>());
    }
}
